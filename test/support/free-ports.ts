/**
 * The environment of a broker that a test starts as a program: every listener on a free port, so
 * that tests do not meet. A protocol that listens by default has its lines here.
 */
export const FREE_PORTS = {
  WARREN_LISTENERS_TCP_DEFAULT: '0',
  WARREN_MQTT_LISTENERS_TCP_DEFAULT: '0',
  WARREN_WEB_MQTT_TCP_PORT: '0',
  WARREN_STOMP_LISTENERS_TCP_DEFAULT: '0',
  WARREN_WEB_STOMP_TCP_PORT: '0',
  WARREN_MANAGEMENT_TCP_PORT: '0',
  WARREN_PROMETHEUS_TCP_PORT: '0',
} as const;

/**
 * Plugins of RabbitMQ whose work Warren does by itself: for tools that ask, and for scripts and
 * variables that enable them. What is not in the list is not there.
 */
export const BUILT_IN_PLUGINS: readonly string[] = [
  'rabbitmq_auth_backend_cache',
  'rabbitmq_auth_backend_http',
  'rabbitmq_auth_backend_ldap',
  'rabbitmq_auth_backend_oauth2',
  'rabbitmq_auth_mechanism_ssl',
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_delayed_message_exchange',
  'rabbitmq_event_exchange',
  'rabbitmq_management',
  'rabbitmq_management_agent',
  'rabbitmq_mqtt',
  'rabbitmq_prometheus',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_stomp',
  'rabbitmq_web_dispatch',
  'rabbitmq_web_mqtt',
  'rabbitmq_web_stomp',
];

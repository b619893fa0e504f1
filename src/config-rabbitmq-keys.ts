/**
 * RabbitMQ's keys and variables that are not options of Warren, so that an existing rabbitmq.conf
 * starts: those that will mean something one day are reported, those that tune what Warren does
 * not have are not worth a word. A key that becomes an option wins over its entry here.
 */

/** Exact keys, or prefixes ending in a dot, that Warren does not act on yet. */
export const UNSUPPORTED_KEYS: readonly string[] = [
  'ssl_options',
  'ssl_options.',
  // Not 'tcp_listen_options.' and 'log.' as a whole: that would swallow typos of Warren's own keys.
  'tcp_listen_options.buffer',
  'tcp_listen_options.dontroute',
  'tcp_listen_options.fd',
  'tcp_listen_options.linger.',
  'tcp_listen_options.port',
  'tcp_listen_options.priority',
  'tcp_listen_options.recbuf',
  'tcp_listen_options.sndbuf',
  'tcp_listen_options.tos',
  'reverse_dns_lookups',
  'definitions.',
  'auth_http.authorization_failure_disclosure',
  'auth_http.ssl_options.',
  'auth_ldap.log',
  'auth_ldap.ssl_options.',
  'auth_oauth2.discovery_endpoint_params.',
  'auth_oauth2.introspection_endpoint',
  'auth_oauth2.introspection_client_id',
  'auth_oauth2.introspection_client_secret',
  'auth_oauth2.proxy.',
  'auth_oauth2.oauth_providers.',
  'auth_oauth2.resource_servers.',
  'trust_store.',
  'encryption.',
  'config_entry_decoder.',
  'ranch_connection_max',
  'session_max_per_connection',
  'link_max_per_session',
  'dead_letter_worker_consumer_prefetch',
  'dead_letter_worker_publisher_confirm_timeout',
  'runtime_parameters.',
  'message_interceptors.',
  'collect_statistics',
  'collect_statistics_interval',
  'product.',
  'log.dir',
  'log.file',
  'log.file.',
  'log.console.stdio',
  'log.console.formatter.',
  'log.syslog',
  'log.syslog.',
  'log.journald',
  'log.journald.',
  'log.default.rotation.',
  'log.connection.',
  'log.channel.',
  'log.queue.',
  'log.federation.',
  'log.upgrade.',
  'quorum_queue.',
  'stream_queue.',
  'cluster_formation.',
  'cluster_tags.',
  'node_tags.',
  'amqp1_0.',
  'amqp_client.',
  'management.',
  'management_agent.',
  'mqtt.',
  'web_mqtt.',
  'web_mqtt_examples.',
  'stomp.max_connections',
  'stomp.tcp_listen_options.',
  'web_stomp.max_connections',
  'web_stomp.ssl.',
  'web_stomp.tcp.',
  'web_stomp.ws_opts.',
  'web_stomp_examples.',
  'web_amqp.',
  'stream.',
  'prometheus.',
  'event_exchange.',
  'shovel.',
  'federation.',
  'aws.',
];

/**
 * Keys that change nothing here by nature: tuning of Erlang, Mnesia, Khepri and Raft, what newer
 * RabbitMQs ignore themselves, and, written with a value, switching off what is not there.
 */
export const INERT_KEYS: readonly string[] = [
  'ssl_options=none',
  'ssl_options.secure_renegotiate=true',
  'ssl_options.honor_ecc_order',
  'ssl_options.bypass_pem_cache',
  'ssl_options.hibernate_after',
  'ssl_options.log_alert',
  'ssl_options.log_level',
  'tcp_listen_options=none',
  'reverse_dns_lookups=false',
  'log.file=false',
  'log.syslog=false',
  'log.journald=false',
  'log.ra.',
  'log.mirroring.',
  'log.console.use_colors',
  'log.console.color_esc_seqs.',
  'tcp_listen_options.exit_on_close',
  'tcp_listen_options.delay_send',
  'tcp_listen_options.send_timeout',
  'tcp_listen_options.send_timeout_close',
  'tcp_listen_options.high_watermark',
  'tcp_listen_options.low_watermark',
  'tcp_listen_options.high_msgq_watermark',
  'tcp_listen_options.low_msgq_watermark',
  'num_acceptors.',
  'socket_writer.',
  'stomp.num_acceptors.',
  'mqtt.num_acceptors.',
  'web_mqtt.num_acceptors.',
  'web_mqtt.cowboy_opts.',
  'web_stomp.cowboy_opts.',
  'web_stomp.num_acceptors.',
  'web_stomp.use_file_handle_cache',
  'erlang.',
  'net_ticktime',
  'distribution.',
  'sysmon_handler.',
  'default_worker_pool_size',
  'delegate_count',
  'hipe_compile',
  'background_gc_enabled',
  'background_gc_target_interval',
  'mnesia_table_loading_retry_timeout',
  'mnesia_table_loading_retry_limit',
  'metadata_store.',
  'khepri.',
  'raft.',
  'quorum_queue.compute_checksums',
  'cluster_partition_handling',
  'cluster_partition_handling.',
  'cluster_keepalive_interval',
  'cluster_formation.node_type',
  'cluster_formation.randomized_startup_delay_range.',
  'mirroring_sync_batch_size',
  'mirroring_sync_max_throughput',
  'queue_master_locator',
  'queue_leader_locator',
  'queue_index_embed_msgs_below',
  'classic_queue.',
  'message_store_shutdown_timeout',
  'channel_tick_interval',
  'channel_operation_timeout',
  'vhost_restart_strategy',
  'vm_memory_calculation_strategy',
  'vm_memory_high_watermark_paging_ratio',
  'ssl_allow_poodle_attack',
  'deprecated_features.',
  'motd_file',
  'auth_cache.cache_module',
  'auth_ldap.idle_timeout',
  'auth_ldap.log=false',
  'auth_ldap.ssl_options=none',
  'auth_ldap.ssl_options.client_renegotiation',
  'auth_ldap.ssl_options.fail_if_no_peer_cert',
  'auth_ldap.ssl_options.honor_cipher_order',
  'auth_ldap.ssl_options.honor_ecc_order',
  'auth_ldap.ssl_options.hostname_verification',
  'auth_ldap.ssl_options.log_alert',
  'auth_ldap.ssl_options.reuse_sessions',
  'auth_ldap.ssl_options.secure_renegotiate',
  'auth_oauth2.https.depth',
  'auth_oauth2.https.hostname_verification',
  'auth_oauth2.https.crl_check',
  'auth_oauth2.https.fail_if_no_peer_cert',
  'auth_http.ssl_options=none',
  'auth_http.ssl_options.client_renegotiation',
  'auth_http.ssl_options.fail_if_no_peer_cert',
  'auth_http.ssl_options.honor_cipher_order',
  'auth_http.ssl_options.honor_ecc_order',
  'auth_http.ssl_options.hostname_verification',
  'auth_http.ssl_options.log_alert',
  'auth_http.ssl_options.reuse_sessions',
  'auth_http.ssl_options.secure_renegotiate',
];

/** What to do about a key of RabbitMQ's that is no option, or null if RabbitMQ has no such key. */
export function fateOf(key: string, value: string): 'unsupported' | 'inert' | null {
  const unsupported = longestMatch(UNSUPPORTED_KEYS, key, value);
  const inert = longestMatch(INERT_KEYS, key, value);
  if (unsupported === 0 && inert === 0) return null;
  return inert > unsupported ? 'inert' : 'unsupported';
}

/** The length of the most particular entry that covers the key, 0 if none does. */
function longestMatch(entries: readonly string[], key: string, value: string): number {
  const matches = entries.filter((entry) => {
    if (entry.includes('=')) return entry === `${key}=${value}`;
    return entry.endsWith('.') ? key.startsWith(entry) : entry === key;
  });
  return Math.max(0, ...matches.map((entry) => entry.length));
}

/**
 * RabbitMQ's variables that would matter but are not understood. Others are passed over without
 * a word: applications use the same prefix for their own (`RABBITMQ_HOST`, `RABBITMQ_URL`).
 */
export const UNSUPPORTED_VARIABLES: readonly RegExp[] = [
  /^RABBITMQ_ADVANCED_CONFIG_FILE$/,
  /^RABBITMQ_CONF_ENV_FILE$/,
  /^RABBITMQ_LOGS$/,
  /^RABBITMQ_(MNESIA|LOG)_(BASE|DIR)$/,
  /^RABBITMQ_(MANAGEMENT_)?SSL_(?!(CACERT|CERT|KEY)FILE$|DEPTH$|FAIL_IF_NO_PEER_CERT$|VERIFY$)/,
];

/** What Kubernetes sets in every pod when a Service is called `warren`. */
export const KUBERNETES_VARIABLE = /^WARREN_(SERVICE_(HOST|PORT)|PORT(_\d+_(TCP|UDP|SCTP)|$))/;

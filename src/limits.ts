/**
 * Every bound of the program, named, with its reason. A bound belongs here rather than beside its
 * use, so that "how much can a client make us hold?" is answered by reading one file. A bound that
 * an operator may want to change is an option instead (config-options.ts); what only the console
 * needs is limits-console.ts, what looks at messages and moves them has limits-inspection.ts;
 * bodies and the heap have limits-memory.ts.
 */

/** Remembered answers of one user's permission patterns in one vhost; then it starts anew. */
export const PERMISSION_VERDICTS_MAX = 10_000;

/** Remembered answers of topic permissions, for each session whose client id is in the pattern. */
export const TOPIC_VERDICTS_MAX = 1_000;

/** Queues whose deliveries a channel tells apart; those from further ones are added up. */
export const QUEUES_COUNTED_MAX = 1_000;

/** Failed logins of one user from one address that cost nothing; RabbitMQ has no such bound. */
export const LOGIN_FAILURES_BURST = 20;

/** After that many, one login of that user from that address is looked at in this time. */
export const LOGIN_FAILURE_INTERVAL_MS = 1_000;

/** How many of them may wait for their turn. */
export const LOGIN_WAITERS_MAX = 100;

/** Pairs of address and user whose failed logins are remembered; then the oldest is forgotten. */
export const LOGIN_SOURCES_MAX = 10_000;

/** Bytes of the name of a user or vhost that can be made: AMQP carries no longer ones. */
export const MAX_NAME_BYTES = 255;

/** Upper bounds of the classes that message sizes are counted in: those of RabbitMQ's metrics. */
export const MESSAGE_SIZE_BOUNDS: readonly number[] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 5e7, 1e8];

/** How long the flows between channels, exchanges and queues are counted after a look at one. */
export const FLOWS_WATCHED_MS = 60_000;

/** Objects whose counters are sampled in one go, before others get their turn. */
export const SAMPLES_PER_SLICE = 500;

/** Up to so many queues (channels …) keep all samples; of more, each keeps the last few only. */
export const SAMPLED_FULLY_MAX = 1000;

/** Samples kept of each where there are many: a minute, at the usual interval. */
export const SAMPLES_KEPT_FEW = 14;

/** What the broker has to say about itself and has not said yet; more is dropped. */
export const ANNOUNCEMENTS_MAX = 10_000;

/** Samples of one counter in one answer. */
export const SAMPLES_SHOWN_MAX = 1000;

/** Messages that one request of the management API gets from a queue. */
export const GET_MESSAGES_MAX = 10_000;

/** Items of a page of the management API, if the client does not say, and at most; RabbitMQ's. */
export const PAGE_SIZE_USUAL = 100;
export const PAGE_SIZE_MAX = 500;

/** How long a list may be worked on before messages get their turn. */
export const LIST_SLICE_MS = 5;

/** How long a pattern from outside may take to filter the names of a list. */
export const NAME_FILTER_MS = 100;

/** What may be imported from another machine at the start, and how long fetching it may take. */
export const DEFINITIONS_BYTES_MAX = 256 * 1024 * 1024;
export const DEFINITIONS_FETCH_MS = 30_000;

/** Characters of metrics that are written at once. */
export const METRICS_PIECE_CHARACTERS = 64 * 1024;

/** Bytes of a JSON answer above which it is worth compressing. */
export const COMPRESSED_FROM_BYTES = 1024;

/** How long a client may take to send the head of a request, and all of it. */
export const HTTP_HEADERS_TIMEOUT_MS = 10_000;
export const HTTP_REQUEST_TIMEOUT_MS = 60_000;

/** How often the listeners of HTTP look for clients that take longer. */
export const HTTP_CHECK_INTERVAL_MS = 1000;

/** Characters of one segment of a path: a name of 255 bytes, percent-encoded twice, and more. */
export const NAME_SEGMENT_MAX = 2000;

/** How long an HTTP connection may be idle between requests. */
export const HTTP_KEEP_ALIVE_MS = 60_000;

/** How long the session of requests over HTTP is kept when nobody needs it. */
export const HTTP_SESSION_IDLE_MS = 60_000;

/** Bytes of the bodies that are being published over HTTP at once, as they were announced. */
export const HTTP_INTAKE_BYTES = 256 * 1024 * 1024;

/** How long a publisher over HTTP waits for a store that is behind, and for its confirm. */
export const HTTP_STORE_WAIT_MS = 10_000;
export const HTTP_CONFIRM_WAIT_MS = 30_000;

/** Messages of one batch over HTTP, and how many are published before others get their turn. */
export const HTTP_BATCH_MAX = 10_000;
export const HTTP_BATCH_SLICE = 200;

/** What a batch over HTTP may have besides one message of the largest size. */
export const HTTP_BATCH_OVERHEAD_BYTES = 1024 * 1024;

/** Messages, and bytes of them, that one user holds in one vhost by leases and event streams. */
export const HTTP_LEASES_MAX = 10_000;
export const HTTP_LEASED_BYTES = 64 * 1024 * 1024;

/** Messages, and bytes of them, in one answer of a long poll, and how long it may wait. */
export const HTTP_RECEIVE_MAX = 1_000;
export const HTTP_RECEIVE_BYTES = 8 * 1024 * 1024;
export const HTTP_RECEIVE_WAIT_MS = 60_000;

/** How long a poll that would not wait waits for messages that have to be read from the disk. */
export const HTTP_READ_BACK_MS = 1_000;

/** Polls of one user that wait for one queue. */
export const HTTP_POLLS_MAX = 1_000;

/** How long a lease may be. */
export const HTTP_LEASE_LEAST_MS = 1_000;
export const HTTP_LEASE_MOST_MS = 43_200_000;

/** Event streams of one user in one vhost, and what each may hold unacknowledged. */
export const HTTP_STREAMS_MAX = 1_000;
export const HTTP_STREAM_CREDIT_MAX = 10_000;

/** How often a stream without events says that it is there. */
export const HTTP_STREAM_BEAT_MS = 15_000;

/** How long a client may read nothing while there is something to read; then its stream ends. */
export const HTTP_STREAM_STALL_MS = 60_000;

/** How long a client of a socket may take to log in, and may then be silent. */
export const HTTP_SOCKET_LOGIN_MS = 10_000;
export const HTTP_SOCKET_IDLE_MS = 60_000;

/** Consumers of one socket. */
export const HTTP_SOCKET_CONSUMERS_MAX = 1_000;

/** Bodies above which the messages of one turn are more than one event of a socket. */
export const HTTP_SOCKET_EVENT_BYTES = 64 * 1024;

/** Requests of one user in one vhost that wait for their replies, and how long they may. */
export const HTTP_REQUESTS_MAX = 1_000;
export const HTTP_REPLY_WAIT_MS = 300_000;

/** Idempotency keys of one user that are remembered, and how long. */
export const HTTP_REMEMBERED_MAX = 10_000;
export const HTTP_REMEMBERED_MS = 600_000;

/** Bytes of the answers that one user's keys are remembered with. */
export const HTTP_REMEMBERED_BYTES = 16 * 1024 * 1024;

/** Bytes of a JSON body that only asks for something. */
export const HTTP_ORDER_BYTES = 1024 * 1024;

/** Bytes of the names and values of a message's headers in the head of an HTTP answer. */
export const HTTP_MESSAGE_HEAD_BYTES = 8 * 1024;

/** Routing keys whose match a topic exchange remembers; then it starts anew. */
export const TOPIC_ROUTES_MAX = 10_000;

/** Failed deliveries of a quorum queue's message, as in RabbitMQ. */
export const DEFAULT_DELIVERY_LIMIT = 20;

/** Bytes of the prefix that a client may choose for a name that the broker makes (RabbitMQ). */
export const QUEUE_NAME_PREFIX_BYTES = 64;

/** How long a consumer of a quorum queue may hold a message unless somebody says otherwise. */
export const CONSUMER_TIMEOUT_MS = 1_800_000;

/** Dead letters of one queue that are on their way at once, if none may be lost. */
export const DEAD_LETTERS_UNDERWAY = 32;

/** How long a dead letter that could not be delivered waits for the next try. */
export const DEAD_LETTER_RETRY_MS = 1_000;

/** The longest delay of a message in ms: 49 days, as in RabbitMQ's plugin. */
export const DELAY_MAX_MS = 2 ** 32 - 1;

/** Bindings that the remembered routes of a topic exchange name in all; then it starts anew. */
export const TOPIC_ROUTE_BINDINGS_MAX = 1_000_000;

/** Words `#` in one binding key: more say nothing new and make matching slow. */
export const TOPIC_HASHES_MAX = 16;

/** Body bytes that a recent-history exchange keeps, whatever length it was declared with. */
export const RECENT_HISTORY_BYTES = 16 * 1024 * 1024;

/** Body bytes of waiting messages that one queue keeps in memory if its store can load them. */
export const QUEUE_RESIDENT_BYTES = 1024 * 1024;

/** What the waiting messages of all queues may take in memory then, with what comes with them. */
export const RESIDENT_BYTES = 128 * 1024 * 1024;

/** Bytes to be written above which publishers are not read from; below half of it they are. */
export const STORE_BUSY_BYTES = 8 * 1024 * 1024;

/** Bodies written at once; what comes meanwhile is the next write. */
export const STORE_FLUSH_BYTES = 4 * 1024 * 1024;

/** The same while acks overtake the disk: what waits for its turn need not be written then. */
export const STORE_SMALL_FLUSH_BYTES = 512 * 1024;

/** What compaction moves at once, so that confirms wait for one such write at most. */
export const STORE_MOVE_BYTES = 1024 * 1024;

/** Messages that lie within the first, with gaps no larger than the second, are read at once. */
export const STORE_READ_BYTES = 1024 * 1024;
export const STORE_READ_GAP_BYTES = 16 * 1024;

/** Segments and journals that stay open unused, and files of dead segments to write again. */
export const STORE_OPEN_FILES = 64;
export const STORE_SPARE_SEGMENTS = 2;

/** When a disk that takes nothing is tried again. */
export const STORE_RETRY_MS = 1_000;

/** How long acks may wait to be written, then to be synced, and the footer of a dying segment. */
export const STORE_ACK_DELAY_MS = 50;
export const STORE_ACK_SYNC_MS = 1_000;
export const STORE_FOOTER_DELAY_MS = 1_000;

/** Slots looked through in one turn when a queue is deleted. */
export const STORE_SWEEP_SLOTS = 200_000;

/** A catalog's file below this size is not worth rewriting. */
export const CATALOG_REWRITE_MIN_BYTES = 64 * 1024;

/** How many times larger than what it amounts to the file may grow before it is rewritten. */
export const CATALOG_GROWTH = 4;

/** Direct replies that wait for a requester who does not read them; then the oldest is dropped. */
export const REPLIES_WAITING_MAX = 10_000;

/** The same in bytes of their bodies. */
export const REPLIES_WAITING_BYTES = 16 * 1024 * 1024;

/** What one connection writes in place before it goes to the socket. */
export const OUTBOX_SLAB_BYTES = 64 * 1024;

/** Slabs that wait to be used again; more than that many busy connections in one turn allocate. */
export const OUTBOX_SLABS_KEPT = 64;

/** The same for a connection that has little to send, as the many of a fan-out have. */
export const OUTBOX_SMALL_SLAB_BYTES = 4 * 1024;

/** So that a message for so many connections allocates nothing: as much memory as the large. */
export const OUTBOX_SMALL_SLABS_KEPT = 1024;

/** Who sends pieces of this size gets slabs of the second, of which so many are kept. */
export const OUTBOX_BULK_BYTES = 8 * 1024;
export const OUTBOX_BULK_SLAB_BYTES = 256 * 1024;
export const OUTBOX_BULK_SLABS_KEPT = 16;

/** Unsent bytes of a connection above which its consumers take nothing more. */
export const OUTBOX_HIGH_WATER_BYTES = 256 * 1024;

/** Unsent bytes above which a connection is not read from either: answers would pile up. */
export const OUTBOX_STALL_BYTES = 4 * 1024 * 1024;

/** The buffer that all sockets are read into. */
export const READ_BUFFER_BYTES = 256 * 1024;

/** How long a peer may take to close its side after we closed ours. */
export const SOCKET_END_GRACE_MS = 3_000;

/** How long a client may take to leave when the broker stops, by the real clock. */
export const GOODBYE_TIMEOUT_MS = 8_000;

/** Frames of a connection's channels that wait for the catalog; above it it is not read from. */
export const FRAME_BACKLOG_BYTES = 1024 * 1024;

/** How long a peer may take to answer our connection.close. */
export const CLOSE_OK_TIMEOUT_MS = 5_000;

/** A refused login is answered late if the client does not expect an answer, as RabbitMQ does. */
export const SILENT_CLOSE_DELAY_MS = 3_000;

/**
 * How deep field tables and arrays may nest; the outermost table is depth 1. Clients use two or
 * three levels; the bound keeps hostile input from exhausting the stack, which is recursive.
 */
export const MAX_TABLE_DEPTH = 64;

/** Bytes of a short string, whose length is one octet [AMQP 4.2.5.3]. */
export const MAX_SHORTSTR_BYTES = 255;

/**
 * Decoded names remembered by all AMQP connections together, so that a repeated exchange, key or
 * content type costs a comparison and no new string. A power of two; with the bytes below it is a
 * quarter of a megabyte.
 */
export const NAME_CACHE_ENTRIES = 4096;

/** Longer names are rarely repeated, and hashing them costs more than decoding them. */
export const MAX_CACHED_NAME_BYTES = 64;

/**
 * What a frame reader keeps for the next frame split over two reads. A larger split frame gets a
 * buffer of its own, which is let go with the frame, so that an idle connection holds little.
 */
export const FRAME_CARRY_BYTES = 1024;

/** The smallest frame-max that a client may ask for [AMQP 2.2.4]; RabbitMQ 4.1 raised its own. */
export const FRAME_MAX_LEAST = 4096;

/**
 * Levels of an MQTT topic or filter. mosquitto has as many; matching visits every level, and
 * thousands of them would exhaust the stack.
 */
export const MAX_TOPIC_LEVELS = 201;

/** How often MQTT clients that ask for $SYS are told about the broker; mosquitto does the same. */
export const SYSTEM_TOPICS_INTERVAL_MS = 10_000;

/** Routing keys for which an MQTT client's subscriptions remember what they ask for. */
export const MQTT_MATCHES_MAX = 1_000;

/** Topic filters of one MQTT client: every one of them is a binding. */
export const MQTT_SUBSCRIPTIONS_MAX = 20_000;

/** Characters of all the topics that one MQTT client has given aliases to. */
export const MAX_ALIASED_TOPICS_BYTES = 1024 * 1024;

/** Bytes of command and headers of one STOMP frame after login; before, the whole frame counts. */
export const STOMP_HEAD_MAX_BYTES = 64 * 1024;

/** Headers of one STOMP frame. */
export const STOMP_HEADERS_MAX = 1000;

/** The longest STOMP command has 11 letters; some clients' own are told that they are unknown. */
export const STOMP_COMMAND_MAX_BYTES = 64;

/** A publisher's last head is remembered up to this size, so that it need not be decoded again. */
export const STOMP_REMEMBERED_HEAD_BYTES = 1024;

/** `destination` lines of MESSAGE frames that all STOMP connections remember together. */
export const STOMP_DESTINATION_LINES_MAX = 4096;

/** STOMP transactions that a connection may have open: RabbitMQ's bound. */
export const STOMP_TRANSACTIONS_MAX = 16;

/** Frames of one STOMP transaction: RabbitMQ's bound. */
export const STOMP_TRANSACTION_ACTIONS_MAX = 1024;

/** Bytes of headers and bodies that wait in all STOMP transactions of a connection. */
export const STOMP_TRANSACTION_BYTES = 64 * 1024 * 1024;

/** A STOMP client that wants heart-beats more often gets them this often, as in RabbitMQ. */
export const STOMP_HEARTBEAT_LEAST_MS = 1_000;

/** Timers do not run much longer; nobody waits for a heart-beat for a day. */
export const STOMP_HEARTBEAT_MOST_MS = 86_400_000;

/** How long stopping may take in all before clients that do not leave are left. */
export const STOP_TIMEOUT_MS = 10_000;

/** How often a broker started by npx looks whether npx is still there. */
export const PARENT_LOOK_MS = 1_000;

/** The request line and headers of a WebSocket handshake. */
export const HTTP_HEADER_BYTES = 16 * 1024;

/** The largest WebSocket message before the client is logged in; tokens can be long. */
export const WEBSOCKET_LOGIN_BYTES = 64 * 1024;

/** What a WebSocket message may have besides a message of the largest size. */
export const WEBSOCKET_OVERHEAD_BYTES = 1024 * 1024;

/** A PROXY header of version 2 with its TLVs; those that are in use have a few hundred bytes. */
export const PROXY_HEADER_BYTES = 4096;

/** How often the files of certificates are looked at. */
export const CERTIFICATE_LOOK_MS = 5_000;

/** What the process takes besides objects and buffers: Node itself, stacks, compiled code. */
export const PROCESS_OVERHEAD_BYTES = 64 * 1024 * 1024;

/** How often garbage may be collected on demand while memory is short: it stops the world. */
export const COLLECT_INTERVAL_MS = 2_000;

/** The part of all files that may be sockets of clients; RabbitMQ's is the same. */
export const SOCKETS_SHARE = 0.9;

/** How often the log says that connections are refused because there are too many. */
export const REFUSED_LOG_MS = 10_000;

/**
 * Every bound of the program, named, with its reason. A bound that an operator may want to change
 * is an option in config.ts instead, and its default is taken from here.
 */

/** Remembered answers of one user's permission patterns in one vhost; then it starts anew. */
export const PERMISSION_VERDICTS_MAX = 10_000;

/** Routing keys whose match a topic exchange remembers; then it starts anew. */
export const TOPIC_ROUTES_MAX = 10_000;

/** Body bytes of waiting messages that one queue keeps in memory if its store can load them. */
export const QUEUE_RESIDENT_BYTES = 1024 * 1024;

/** Bytes of a queue or exchange name [AMQP 4.2.5.3: a shortstr]. */
export const NAME_BYTES_MAX = 255;

/** What one connection writes in place before it goes to the socket. */
export const OUTBOX_SLAB_BYTES = 64 * 1024;

/** Slabs that wait to be used again; more than that many busy connections in one turn allocate. */
export const OUTBOX_SLABS_KEPT = 64;

/** Unsent bytes of a connection above which its consumers take nothing more. */
export const OUTBOX_HIGH_WATER_BYTES = 256 * 1024;

/** Unsent bytes above which a connection is not read from either: answers would pile up. */
export const OUTBOX_STALL_BYTES = 4 * 1024 * 1024;

/** The buffer that all sockets are read into. */
export const READ_BUFFER_BYTES = 128 * 1024;

/** How long a peer may take to close its side after we closed ours. */
export const SOCKET_END_GRACE_MS = 3_000;

/** Bodies are allocated whole up to this size; larger ones grow as they arrive. */
export const FIRST_BODY_BYTES = 128 * 1024;

/** Frames of a channel that waits for the catalog; above it the connection is not read from. */
export const FRAME_BACKLOG_BYTES = 1024 * 1024;

/** How long a peer may take to answer our connection.close. */
export const CLOSE_OK_TIMEOUT_MS = 5_000;

/** A refused login is answered late if the client does not expect an answer, as RabbitMQ does. */
export const SILENT_CLOSE_DELAY_MS = 3_000;

/**
 * The arguments of queues and exchanges and the keys of policies that people use, with what they
 * do. Any other name is allowed everywhere: this list only offers.
 */

/** A name with what it does. */
export interface KnownArgument {
  readonly name: string;
  /** Short, for a button. */
  readonly label: string;
  /** A sentence. */
  readonly text: string;
  /** A value, as a placeholder. */
  readonly example: string;
}

function known(name: string, label: string, example: string, text: string): KnownArgument {
  return { name, label, example, text };
}

export const QUEUE_ARGUMENTS: readonly KnownArgument[] = [
  known('x-message-ttl', 'Message TTL', '60000', 'how long a message may wait, in ms'),
  known('x-expires', 'Auto expire', '1800000', 'deletes the queue when unused that long, in ms'),
  known('x-max-length', 'Max length', '10000', 'how many ready messages it holds'),
  known('x-max-length-bytes', 'Max bytes', '1000000', 'how many bytes of ready messages it holds'),
  known('x-overflow', 'Overflow', 'reject-publish', 'drop-head, reject-publish or …-dlx'),
  known('x-dead-letter-exchange', 'Dead letter exchange', 'dead', 'where rejected messages go'),
  known('x-dead-letter-routing-key', 'Dead letter key', 'orders', 'replaces their routing key'),
  known('x-single-active-consumer', 'Single active consumer', 'true', 'one consumer at a time'),
  known('x-max-priority', 'Max priority', '5', 'levels of priority (classic queues)'),
  known('x-delivery-limit', 'Delivery limit', '20', 'how often a message may come back (quorum)'),
];

export const EXCHANGE_ARGUMENTS: readonly KnownArgument[] = [
  known('alternate-exchange', 'Alternate exchange', 'lost', 'gets what matches no binding'),
];

export const POLICY_KEYS: readonly KnownArgument[] = [
  known('message-ttl', 'Message TTL', '60000', 'how long a message may wait, in ms'),
  known('expires', 'Auto expire', '1800000', 'deletes queues when unused that long, in ms'),
  known('max-length', 'Max length', '10000', 'how many ready messages a queue holds'),
  known('max-length-bytes', 'Max bytes', '1000000', 'how many bytes of them'),
  known('overflow', 'Overflow', 'reject-publish', 'drop-head, reject-publish or …-dlx'),
  known('dead-letter-exchange', 'Dead letter exchange', 'dead', 'where rejected messages go'),
  known('dead-letter-routing-key', 'Dead letter key', 'orders', 'replaces their routing key'),
  known('delivery-limit', 'Delivery limit', '20', 'how often a message may come back (quorum)'),
  known('alternate-exchange', 'Alternate exchange', 'lost', 'of exchanges: gets what goes nowhere'),
];

export const MESSAGE_PROPERTIES: readonly KnownArgument[] = [
  known('content_type', 'Content type', 'application/json', 'what the payload is'),
  known('message_id', 'Message ID', 'order-17', "the publisher's name of the message"),
  known('correlation_id', 'Correlation ID', 'request-4', 'which request it answers'),
  known('reply_to', 'Reply to', 'replies', 'the queue that answers shall go to'),
  known('expiration', 'Expiration', '60000', 'how long it may wait, in ms'),
  known('priority', 'Priority', '5', 'in queues with priorities'),
  known('type', 'Type', 'order.created', "the application's kind of message"),
  known('app_id', 'App ID', 'shop', 'who made it'),
  known('timestamp', 'Timestamp', '1795676400', 'when it was made, in seconds since 1970'),
];

/**
 * Golden frames: what a client may send, byte for byte, and what it has to be read as. How they are
 * cut must not matter; golden-frames.test.ts cuts them in every way.
 */
import type { Dialect } from '../../protocols/stomp/frames.ts';

export const V10: Dialect = { escapes: false, trims: true };
export const V12: Dialect = { escapes: true, trims: false };

/** `COMMAND|name=value|name=value|body`, as the reader saw it. */
export interface Golden {
  readonly title: string;
  readonly bytes: string | Buffer;
  readonly frames: readonly string[];
  readonly dialect?: Dialect;
}

export const GOLDEN: readonly Golden[] = [
  {
    title: 'a frame without headers and body [STOMP 1.2, STOMP Frames]',
    bytes: 'BEGIN\n\n\0',
    frames: ['BEGIN|'],
  },
  {
    title: 'headers in their order [STOMP 1.2, STOMP Frames]',
    bytes: 'SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\0',
    frames: ['SEND|destination=/queue/a|content-type=text/plain|hello queue a'],
  },
  {
    title: 'CR LF instead of LF [STOMP 1.2, Augmented BNF]',
    bytes: 'SEND\r\ndestination:/queue/a\r\n\r\nbody\r\n\0\r\nACK\r\nid:1\r\n\r\n\0',
    frames: ['SEND|destination=/queue/a|body\r\n', 'ACK|id=1|'],
  },
  {
    title: 'heart-beats, NULs and line ends between frames',
    bytes: '\n\r\n\n\0\nBEGIN\ntransaction:a\n\n\0\n\n\n\0\0ABORT\ntransaction:a\n\n\0\n',
    frames: ['BEGIN|transaction=a|', 'ABORT|transaction=a|'],
  },
  {
    title: 'a body with NULs and its length [STOMP 1.2, Header content-length]',
    bytes: 'SEND\ndestination:a\ncontent-length:5\n\na\0\nb\0\0SEND\ndestination:b\n\nc\0',
    frames: ['SEND|destination=a|content-length=5|a\0\nb\0', 'SEND|destination=b|c'],
  },
  {
    title: 'a body of announced length 0',
    bytes: 'SEND\ndestination:a\ncontent-length:0\n\n\0BEGIN\n\n\0',
    frames: ['SEND|destination=a|content-length=0|', 'BEGIN|'],
  },
  {
    title: 'of repeated headers both, so that the first can count [STOMP 1.2, Repeated Headers]',
    bytes: 'SEND\nfoo:World\nfoo:Hello\n\n\0',
    frames: ['SEND|foo=World|foo=Hello|'],
  },
  {
    title: 'escapes of STOMP 1.2 in names and values [STOMP 1.2, Value Encoding]',
    bytes: 'SEND\na\\cb\\\\:\\r\\n\\c\\\\x\n\n\0',
    frames: ['SEND|a:b\\=\r\n:\\x|'],
    dialect: V12,
  },
  {
    title: 'colons in values',
    bytes: 'SEND\nurl:http://host:80/\n\n\0',
    frames: ['SEND|url=http://host:80/|'],
    dialect: V12,
  },
  {
    title: 'no escapes in STOMP 1.0, and values without the spaces before them',
    bytes: 'SEND\npath:  C:\\new\\temp \n\n\0',
    frames: ['SEND|path=C:\\new\\temp |'],
    dialect: V10,
  },
  {
    title: 'spaces before a value in STOMP 1.2, where they belong to it',
    bytes: 'SEND\npath: a\n\n\0',
    frames: ['SEND|path= a|'],
    dialect: V12,
  },
  {
    title: 'CONNECT without escapes whatever the version [STOMP 1.2, Value Encoding]',
    bytes: 'CONNECT\npasscode:a\\b\\c\n\n\0STOMP\npasscode:a\\\n\n\0',
    frames: ['CONNECT|passcode=a\\b\\c|', 'STOMP|passcode=a\\|'],
    dialect: V12,
  },
  {
    title: 'UTF-8 in names, values and bodies',
    bytes: 'SEND\nheadꕙr1:valꕙe1\nü:😀\n\nKäse 😀\0',
    frames: ['SEND|headꕙr1=valꕙe1|ü=😀|Käse 😀'],
    dialect: V12,
  },
  {
    title: 'names that objects have of their own',
    bytes: 'SEND\n__proto__:1\nhasOwnProperty:2\nconstructor:3\ntoString:4\n\n\0',
    frames: ['SEND|__proto__=1|hasOwnProperty=2|constructor=3|toString=4|'],
  },
  {
    title: 'an empty value, and one of spaces',
    bytes: 'SEND\na:\nb: \n\n\0',
    frames: ['SEND|a=|b= |'],
    dialect: V12,
  },
  {
    title: 'the body of a frame that has none, which is passed over',
    bytes: 'CONNECT\nlogin:a\n\nwhat is this\0BEGIN\ncontent-length:3\n\na\0b\0ABORT\n\n\0',
    frames: ['CONNECT|login=a|', 'BEGIN|content-length=3|', 'ABORT|'],
  },
  {
    title: 'the same head again and again, with other bodies',
    bytes:
      'SEND\ndestination:/queue/a\nx:1\n\none\0\nSEND\ndestination:/queue/a\nx:1\n\ntwo\0' +
      'SEND\ndestination:/queue/a\nx:2\n\n\0SEND\ndestination:/queue/a\nx:2\n\nfour\0',
    frames: [
      'SEND|destination=/queue/a|x=1|one',
      'SEND|destination=/queue/a|x=1|two',
      'SEND|destination=/queue/a|x=2|',
      'SEND|destination=/queue/a|x=2|four',
    ],
    dialect: V12,
  },
  {
    title: 'heads that begin alike: a line more, a line less, the lines in another order',
    bytes:
      'SEND\na:1\nb:2\n\n\0SEND\na:1\nb:2\nc:3\n\n\0SEND\na:1\n\n\0SEND\nb:2\na:1\n\n\0' +
      'SEND\na:1\nb\\c:2\n\n\0',
    frames: ['SEND|a=1|b=2|', 'SEND|a=1|b=2|c=3|', 'SEND|a=1|', 'SEND|b=2|a=1|', 'SEND|a=1|b:=2|'],
    dialect: V12,
  },
  {
    title: 'commands that nobody knows: that is for others to judge',
    bytes: 'GET / HTTP/1.1\nHost: a\n\n\0',
    frames: ['GET / HTTP/1.1|Host= a|'],
    dialect: V12,
  },
];

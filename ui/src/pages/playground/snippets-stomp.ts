/** Programs for STOMP: stomp.py, @stomp/stompjs, Spring's client, go-stomp, and the protocol itself
 * where a language has no library of note. What each is for is snippets.ts; none is run here.
 */
import { quoted, shell } from './quoting.ts';
import type { SnippetFacts, Snippets } from './snippets.ts';

const ending = '\\0';

/** The frames as one sends them by hand, in a literal of a language with backslashes. */
function frames({ user, vhost, publishes, where, payload, contentType }: SnippetFacts): string {
  const body = payload.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const login = `login:${user}\\npasscode:PASSWORD`;
  const connect = `CONNECT\\naccept-version:1.2\\nhost:${vhost}\\n${login}\\n\\n${ending}`;
  const send = `SEND\\ndestination:${where}\\ncontent-type:${contentType}\\n\\n${body}${ending}`;
  const subscribe = `SUBSCRIBE\\nid:1\\ndestination:${where}\\nack:auto\\n\\n${ending}`;
  return connect + (publishes ? `${send}DISCONNECT\\n\\n${ending}` : subscribe);
}

/** Where STOMP over WebSocket is. */
const socketOf = ({ base }: SnippetFacts): string =>
  quoted(`${base.replace(/^http/, 'ws')}ws/stomp`);

export const stomp: Snippets = {
  Python: ({ q, s, ...facts }) => `# pip install stomp.py
import stomp, time

class Listener(stomp.ConnectionListener):
    def on_message(self, frame):
        print(frame.headers["destination"], frame.body)

connection = stomp.Connection12([(${q.host}, ${facts.port})], vhost=${q.vhost})
connection.set_listener("", Listener())
connection.connect(${q.user}, "PASSWORD", wait=True)
${
  facts.publishes
    ? `connection.send(${q.where}, ${q.payload}, content_type=${q.contentType})
connection.disconnect()`
    : `connection.subscribe(${q.where}, id="1", ack="auto")
while True:
    time.sleep(1)`
}
`,
  JavaScript: ({ q, s, ...facts }) => `// npm install @stomp/stompjs ws
import { Client } from '@stomp/stompjs';
import WebSocket from 'ws';

Object.assign(globalThis, { WebSocket });
const client = new Client({
  brokerURL: ${socketOf(facts)},
  connectHeaders: { host: ${q.vhost}, login: ${q.user}, passcode: 'PASSWORD' },
  onConnect: () => {
${
  facts.publishes
    ? `    client.publish({ destination: ${q.where}, body: ${q.payload} });
    client.deactivate();`
    : `    client.subscribe(${q.where}, (message) => console.log(message.body));`
}
  },
});
client.activate();
`,
  Java: ({ q, s, ...facts }) => `// org.springframework:spring-messaging, spring-websocket
import java.lang.reflect.Type;
import org.springframework.messaging.converter.StringMessageConverter;
import org.springframework.messaging.simp.stomp.*;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;

public class Example {
  public static void main(String[] args) throws Exception {
    WebSocketStompClient client = new WebSocketStompClient(new StandardWebSocketClient());
    client.setMessageConverter(new StringMessageConverter());
    StompHeaders login = new StompHeaders();
    login.setHost(${q.vhost});
    login.setLogin(${q.user});
    login.setPasscode("PASSWORD");
    StompSession session = client.connectAsync(${socketOf(facts)},
        new WebSocketHttpHeaders(), login, new StompSessionHandlerAdapter() {}).get();
${
  facts.publishes
    ? `    session.send(${q.where}, ${q.payload});
    session.disconnect();`
    : `    session.subscribe(${q.where}, new StompSessionHandlerAdapter() {
      public Type getPayloadType(StompHeaders headers) { return String.class; }
      public void handleFrame(StompHeaders headers, Object body) { System.out.println(body); }
    });
    Thread.currentThread().join();`
}
  }
}
`,
  Go: ({ q, s, ...facts }) => `// go get github.com/go-stomp/stomp/v3
package main

import (
${facts.publishes ? '' : '\t"log"\n'}
	"github.com/go-stomp/stomp/v3"
)

func main() {
	connection, err := stomp.Dial("tcp", ${quoted(`${facts.host}:${facts.port}`)},
		stomp.ConnOpt.Login(${q.user}, "PASSWORD"), stomp.ConnOpt.Host(${q.vhost}))
	if err != nil {
		panic(err)
	}
	defer connection.Disconnect()
${
  facts.publishes
    ? `	err = connection.Send(${q.where}, ${q.contentType}, []byte(${q.payload}),
		stomp.SendOpt.Receipt)
	if err != nil {
		panic(err)
	}`
    : `	subscription, err := connection.Subscribe(${q.where}, stomp.AckAuto)
	if err != nil {
		panic(err)
	}
	for message := range subscription.C {
		log.Printf("%s %s", message.Destination, message.Body)
	}`
}
}
`,
  'C#': ({ q, s, ...facts }) => `// Nothing but sockets: STOMP is text.
using System.Net.Sockets;
using System.Text;

using var client = new TcpClient(${q.host}, ${facts.port});
var stream = client.GetStream();
await stream.WriteAsync(Encoding.UTF8.GetBytes("${frames(facts).replaceAll('"', '\\"')}"));
var buffer = new byte[65536];
for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
    Console.Write(Encoding.UTF8.GetString(buffer, 0, read));
`,
  Shell: ({ q, s, ...facts }) => `# Nothing but netcat: STOMP is text.
printf ${shell(frames(facts).replaceAll('%', '%%'))} |
  nc -q ${facts.publishes ? '1' : '-1'} ${s.host} ${facts.port}
`,
};

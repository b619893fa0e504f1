/** Programs for MQTT: paho for Python, Java and Go, MQTT.js, MQTTnet, mosquitto's commands. What
 * each is for is snippets.ts; nothing here is run by the page.
 */
import { quoted, shell } from './quoting.ts';
import type { SnippetFacts, Snippets } from './snippets.ts';

/** The broker finds the virtual host before the colon. */
const nameOf = ({ vhost, user }: SnippetFacts): string =>
  vhost === '/' ? user : `${vhost}:${user}`;

export const mqtt: Snippets = {
  Python: ({ q, s, ...facts }) => `# pip install paho-mqtt
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.username_pw_set(${quoted(nameOf(facts))}, "PASSWORD")
${
  facts.publishes
    ? `client.connect(${q.host}, ${facts.port})
client.loop_start()
client.publish(${q.where}, ${q.payload}, qos=1).wait_for_publish()
client.disconnect()`
    : `client.on_connect = lambda client, *_: client.subscribe(${q.where}, qos=1)
client.on_message = lambda client, data, message: print(message.topic, message.payload)
client.connect(${q.host}, ${facts.port})
client.loop_forever()`
}
`,
  JavaScript: ({ q, s, ...facts }) => `// npm install mqtt
import mqtt from 'mqtt';

const client = await mqtt.connectAsync(${quoted(`mqtt://${facts.host}:${facts.port}`)}, {
  username: ${quoted(nameOf(facts))},
  password: 'PASSWORD',
  protocolVersion: 5,
});
${
  facts.publishes
    ? `await client.publishAsync(${q.where}, ${q.payload}, { qos: 1 });
await client.endAsync();`
    : `client.on('message', (topic, payload) => console.log(topic, String(payload)));
await client.subscribeAsync(${q.where}, { qos: 1 });`
}
`,
  Java: ({ q, s, ...facts }) => `// org.eclipse.paho:org.eclipse.paho.mqttv5.client
import org.eclipse.paho.mqttv5.client.*;
import org.eclipse.paho.mqttv5.common.MqttMessage;

public class Example {
  public static void main(String[] args) throws Exception {
    MqttConnectionOptions options = new MqttConnectionOptions();
    options.setUserName(${quoted(nameOf(facts))});
    options.setPassword("PASSWORD".getBytes());
    MqttClient client = new MqttClient(${quoted(`tcp://${facts.host}:${facts.port}`)}, "example");
    client.connect(options);
${
  facts.publishes
    ? `    MqttMessage message = new MqttMessage(${q.payload}.getBytes("UTF-8"));
    message.setQos(1);
    client.publish(${q.where}, message);
    client.disconnect();`
    : `    client.subscribe(${q.where}, 1, (topic, message) ->
        System.out.println(topic + " " + message));`
}
  }
}
`,
  Go: ({ q, s, ...facts }) => `// go get github.com/eclipse/paho.mqtt.golang
package main

import (
${facts.publishes ? '' : '\t"log"\n'}
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func main() {
	options := mqtt.NewClientOptions().AddBroker(${quoted(`tcp://${facts.host}:${facts.port}`)})
	options.SetUsername(${quoted(nameOf(facts))}).SetPassword("PASSWORD")
	client := mqtt.NewClient(options)
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		panic(token.Error())
	}
${
  facts.publishes
    ? `	client.Publish(${q.where}, 1, false, ${q.payload}).Wait()
	client.Disconnect(250)`
    : `	client.Subscribe(${q.where}, 1, func(_ mqtt.Client, message mqtt.Message) {
		log.Printf("%s %s", message.Topic(), message.Payload())
	}).Wait()
	select {}`
}
}
`,
  'C#': ({ q, s, ...facts }) => `// dotnet add package MQTTnet
using System.Text;
using MQTTnet;
using MQTTnet.Protocol;

var client = new MqttClientFactory().CreateMqttClient();
var options = new MqttClientOptionsBuilder()
    .WithTcpServer(${q.host}, ${facts.port})
    .WithCredentials(${quoted(nameOf(facts))}, "PASSWORD")
    .Build();
await client.ConnectAsync(options);
${
  facts.publishes
    ? `await client.PublishStringAsync(${q.where}, ${q.payload},
    MqttQualityOfServiceLevel.AtLeastOnce);
await client.DisconnectAsync();`
    : `client.ApplicationMessageReceivedAsync += message => {
    Console.WriteLine(message.ApplicationMessage.ConvertPayloadToString());
    return Task.CompletedTask;
};
await client.SubscribeAsync(${q.where}, MqttQualityOfServiceLevel.AtLeastOnce);
Console.ReadLine();`
}
`,
  Shell: ({ q, s, ...facts }) => `# apt install mosquitto-clients
${
  facts.publishes
    ? `mosquitto_pub -h ${s.host} -p ${facts.port} -u ${shell(nameOf(facts))} -P PASSWORD \\
  -q 1 -t ${s.where} -m ${s.payload}`
    : `mosquitto_sub -h ${s.host} -p ${facts.port} -u ${shell(nameOf(facts))} -P PASSWORD \\
  -q 1 -v -t ${s.where}`
}
`,
};

/** Programs for AMQP 0-9-1, which browsers do not speak: pika, amqplib, RabbitMQ's Java and .NET
 * clients, amqp091-go, amqp-tools. What each is for is snippets.ts; none is run here.
 */
import { quoted, shell } from './quoting.ts';
import type { SnippetFacts, Snippets } from './snippets.ts';

const url = ({ user, host, port, vhost }: SnippetFacts): string =>
  `amqp://${encodeURIComponent(user)}:PASSWORD@${host}:${port}/${encodeURIComponent(vhost)}`;

export const amqp: Snippets = {
  Python: ({ q, s, ...facts }) => `# pip install pika
import pika

connection = pika.BlockingConnection(pika.URLParameters(${quoted(url(facts))}))
channel = connection.channel()
${
  facts.publishes
    ? `channel.confirm_delivery()
channel.basic_publish(
    exchange=${q.where},
    routing_key=${q.routingKey},
    body=${q.payload},
    properties=pika.BasicProperties(content_type=${q.contentType}, delivery_mode=2),
)
connection.close()`
    : `
def take(channel, method, properties, body):
    print(method.routing_key, body)
    channel.basic_ack(method.delivery_tag)

channel.basic_qos(prefetch_count=50)
channel.basic_consume(${q.where}, take)
channel.start_consuming()`
}
`,
  JavaScript: ({ q, s, ...facts }) => `// npm install amqplib
import { connect } from 'amqplib';

const connection = await connect(${quoted(url(facts))});
${
  facts.publishes
    ? `const channel = await connection.createConfirmChannel();
channel.publish(${q.where}, ${q.routingKey}, Buffer.from(${q.payload}), {
  contentType: ${q.contentType},
  persistent: true,
});
await channel.waitForConfirms();
await connection.close();`
    : `const channel = await connection.createChannel();
await channel.prefetch(50);
await channel.consume(${q.where}, (message) => {
  console.log(message.fields.routingKey, String(message.content));
  channel.ack(message);
});`
}
`,
  Java: ({ q, s, ...facts }) => `// com.rabbitmq:amqp-client
import com.rabbitmq.client.*;

public class Example {
  public static void main(String[] args) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(${quoted(url(facts))});
    Connection connection = factory.newConnection();
    Channel channel = connection.createChannel();
${
  facts.publishes
    ? `    channel.confirmSelect();
    channel.basicPublish(${q.where}, ${q.routingKey},
        MessageProperties.PERSISTENT_TEXT_PLAIN, ${q.payload}.getBytes("UTF-8"));
    channel.waitForConfirmsOrDie(5000);
    connection.close();`
    : `    channel.basicQos(50);
    channel.basicConsume(${q.where}, false, (tag, message) -> {
      System.out.println(new String(message.getBody(), "UTF-8"));
      channel.basicAck(message.getEnvelope().getDeliveryTag(), false);
    }, tag -> {});`
}
  }
}
`,
  Go: ({ q, s, ...facts }) => `// go get github.com/rabbitmq/amqp091-go
package main

import (
${facts.publishes ? '\t"context"\n' : '\t"log"\n'}
	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	connection, err := amqp.Dial(${quoted(url(facts))})
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		panic(err)
	}
${
  facts.publishes
    ? `	channel.Confirm(false)
	confirm, err := channel.PublishWithDeferredConfirm(${q.where}, ${q.routingKey}, false, false,
		amqp.Publishing{ContentType: ${q.contentType}, DeliveryMode: 2, Body: []byte(${q.payload})})
	if err != nil {
		panic(err)
	}
	confirm.WaitContext(context.Background())`
    : `	channel.Qos(50, 0, false)
	messages, err := channel.Consume(${q.where}, "", false, false, false, false, nil)
	if err != nil {
		panic(err)
	}
	for message := range messages {
		log.Printf("%s %s", message.RoutingKey, message.Body)
		message.Ack(false)
	}`
}
}
`,
  'C#': ({ q, s, ...facts }) => `// dotnet add package RabbitMQ.Client
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

var factory = new ConnectionFactory { Uri = new Uri(${quoted(url(facts))}) };
await using var connection = await factory.CreateConnectionAsync();
await using var channel = await connection.CreateChannelAsync();
${
  facts.publishes
    ? `var properties = new BasicProperties { ContentType = ${q.contentType}, Persistent = true };
await channel.BasicPublishAsync(${q.where}, ${q.routingKey}, false, properties,
    Encoding.UTF8.GetBytes(${q.payload}));`
    : `await channel.BasicQosAsync(0, 50, false);
var consumer = new AsyncEventingBasicConsumer(channel);
consumer.ReceivedAsync += async (_, message) => {
    Console.WriteLine(Encoding.UTF8.GetString(message.Body.ToArray()));
    await channel.BasicAckAsync(message.DeliveryTag, false);
};
await channel.BasicConsumeAsync(${q.where}, false, consumer);
Console.ReadLine();`
}
`,
  Shell: ({ q, s, ...facts }) => `# apt install amqp-tools
${
  facts.publishes
    ? `amqp-publish --url ${shell(url(facts))} \\
  --exchange ${s.where} --routing-key ${s.routingKey} \\
  --content-type ${s.contentType} --persistent --body ${s.payload}`
    : `amqp-consume --url ${shell(url(facts))} --queue ${s.where} --prefetch-count 50 cat`
}
`,
};

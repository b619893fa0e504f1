// amqp091-go against the broker at AMQP_URL: one JSON line a case. The source of titles for
// ../go.test.ts.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 20 * time.Second

type testCase struct {
	title string
	run   func(*amqp.Connection)
}

type result struct {
	Title string `json:"title"`
	Error any    `json:"error"`
}

var cases = []testCase{
	{"Messages go through with their properties and headers.", properties},
	{"A consumer acknowledges by hand, with a prefetch.", prefetch},
	{"Every confirm comes, in order, and a full queue refuses.", confirms},
	{"What reaches nobody comes back.", returns},
	{"A refusal closes the channel and says why.", refusal},
	{"A consumer whose queue is deleted is told.", cancelled},
	{"Transactions are committed or rolled back.", transactions},
	{"Many channels publish and consume at the same time.", channels},
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func equal(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("found %#v, expected %#v", found, expected))
	}
}

func next[T any](from <-chan T) T {
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		panic("what should have come did not")
	}
}

func own(channel *amqp.Channel, arguments amqp.Table) string {
	return must(channel.QueueDeclare("", false, true, true, false, arguments)).Name
}

func publish(channel *amqp.Channel, key string, message amqp.Publishing) {
	check(channel.PublishWithContext(context.Background(), "", key, true, false, message))
}

func properties(connection *amqp.Connection) {
	channel := must(connection.Channel())
	queue := own(channel, nil)
	headers := amqp.Table{"a": int32(1), "b": amqp.Table{"c": []any{"x", nil, true}}}
	sent := amqp.Publishing{MessageId: "m", Priority: 3, Headers: headers, Body: []byte("hello")}
	publish(channel, queue, sent)
	message, ok, err := channel.Get(queue, true)
	check(err)
	equal(ok, true)
	equal(message.Headers, headers)
	equal([]any{message.MessageId, message.Priority, string(message.Body)}, []any{"m", uint8(3), "hello"})
}

func prefetch(connection *amqp.Connection) {
	channel := must(connection.Channel())
	queue := own(channel, nil)
	check(channel.Qos(2, 0, false))
	deliveries := must(channel.Consume(queue, "", false, false, false, false, nil))
	for i := 0; i < 4; i++ {
		publish(channel, queue, amqp.Publishing{Body: []byte{byte(i)}})
	}
	next(deliveries)
	second := next(deliveries)
	select {
	case <-deliveries:
		panic("more than the prefetch")
	case <-time.After(100 * time.Millisecond):
	}
	check(second.Ack(true))
	equal(next(deliveries).Body, []byte{2})
}

func confirms(connection *amqp.Connection) {
	channel := must(connection.Channel())
	check(channel.Confirm(false))
	queue := own(channel, amqp.Table{"x-max-length": int32(3), "x-overflow": "reject-publish"})
	confirmed := channel.NotifyPublish(make(chan amqp.Confirmation, 10))
	for i := 0; i < 5; i++ {
		publish(channel, queue, amqp.Publishing{})
	}
	for tag := uint64(1); tag <= 5; tag++ {
		equal(next(confirmed), amqp.Confirmation{DeliveryTag: tag, Ack: tag <= 3})
	}
}

func returns(connection *amqp.Connection) {
	channel := must(connection.Channel())
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	publish(channel, "go-nowhere", amqp.Publishing{Body: []byte("lost")})
	back := next(returned)
	equal([]any{back.ReplyCode, back.ReplyText, string(back.Body)}, []any{uint16(312), "NO_ROUTE", "lost"})
}

func refusal(connection *amqp.Connection) {
	channel := must(connection.Channel())
	_, err := channel.QueueDeclarePassive("go-nowhere", false, false, false, false, nil)
	equal(err.Error(), "Exception (404) Reason: \"NOT_FOUND - no queue 'go-nowhere' in vhost '/'\"")
	equal(channel.IsClosed(), true)
	must(connection.Channel())
}

func cancelled(connection *amqp.Connection) {
	channel := must(connection.Channel())
	queue := own(channel, nil)
	cancels := channel.NotifyCancel(make(chan string, 1))
	must(channel.Consume(queue, "tag", true, false, false, false, nil))
	must(must(connection.Channel()).QueueDelete(queue, false, false, false))
	equal(next(cancels), "tag")
}

func transactions(connection *amqp.Connection) {
	channel := must(connection.Channel())
	queue := own(channel, nil)
	check(channel.Tx())
	publish(channel, queue, amqp.Publishing{})
	check(channel.TxCommit())
	publish(channel, queue, amqp.Publishing{})
	check(channel.TxRollback())
	equal(must(channel.QueueInspect(queue)).Messages, 1)
}

func channels(connection *amqp.Connection) {
	done := make(chan int)
	for i := 0; i < 20; i++ {
		go func() {
			channel := must(connection.Channel())
			queue := own(channel, nil)
			deliveries := must(channel.Consume(queue, "", true, false, false, false, nil))
			for n := 0; n < 100; n++ {
				publish(channel, queue, amqp.Publishing{Body: make([]byte, 1000)})
			}
			for n := 0; n < 100; n++ {
				next(deliveries)
			}
			done <- 100
		}()
	}
	total := 0
	for i := 0; i < 20; i++ {
		total += next(done)
	}
	equal(total, 2000)
}

func attempt(one testCase) (failure any) {
	defer func() {
		if trouble := recover(); trouble != nil {
			failure = fmt.Sprint(trouble)
		}
	}()
	connection := must(amqp.Dial(os.Getenv("AMQP_URL")))
	one.run(connection)
	check(connection.Close())
	return nil
}

func main() {
	for _, one := range cases {
		line := must(json.Marshal(result{one.title, attempt(one)}))
		fmt.Println(string(line))
	}
}

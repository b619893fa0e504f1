// Orders that may fail: a topic exchange, a queue with priorities, and a place where failed orders
// wait with the story of their failure. Plain amqp091-go, nothing of Warren.
//
//	AMQP_URL=amqp://guest:guest@localhost:5672 go run orders.go
//
// Exits with 0 when every order went where it should, with 1 otherwise.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 20 * time.Second

type order struct {
	Run      string `json:"run"`
	ID       int    `json:"id"`
	Valid    bool   `json:"valid"`
	region   string
	priority uint8
}

var run = fmt.Sprint(time.Now().UnixNano())

var orders = []order{
	{run, 1, true, "eu", 1}, {run, 2, true, "us", 5}, {run, 3, false, "eu", 9},
	{run, 4, true, "asia", 5}, {run, 5, true, "us", 10}, {run, 6, false, "eu", 3},
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	url := os.Getenv("AMQP_URL")
	if url == "" {
		url = "amqp://guest:guest@localhost:5672"
	}
	connection, err := amqp.Dial(url)
	check(err)
	channel, err := connection.Channel()
	check(err)
	declare(channel)
	publish(channel)
	processed, failed := process(channel)
	dead := bury(channel, len(failed))
	check(connection.Close())
	if fmt.Sprint(processed, dead) != "[1 2 4 5] [3 6]" {
		fmt.Println("some orders went astray")
		os.Exit(1)
	}
	fmt.Println("all orders accounted for")
}

func declare(channel *amqp.Channel) {
	check(channel.ExchangeDeclare("orders", "topic", true, false, false, false, nil))
	check(channel.ExchangeDeclare("orders_dlx", "topic", true, false, false, false, nil))
	arguments := amqp.Table{
		"x-message-ttl":          int32(86_400_000),
		"x-dead-letter-exchange": "orders_dlx",
		"x-max-priority":         int32(10),
	}
	_, err := channel.QueueDeclare("order_processing", true, false, false, false, arguments)
	check(err)
	check(channel.QueueBind("order_processing", "order.*.created", "orders", false, nil))
	_, err = channel.QueueDeclare("failed_orders", true, false, false, false, nil)
	check(err)
	check(channel.QueueBind("failed_orders", "#", "orders_dlx", false, nil))
	fmt.Println("declared orders -> order_processing -> orders_dlx -> failed_orders")
}

func publish(channel *amqp.Channel) {
	check(channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, len(orders)))
	for _, one := range orders {
		body, err := json.Marshal(one)
		check(err)
		key := "order." + one.region + ".created"
		message := amqp.Publishing{DeliveryMode: amqp.Persistent, Priority: one.priority, Body: body}
		check(channel.PublishWithContext(context.Background(), "orders", key, true, false, message))
		// Not PublishWithDeferredConfirm: up to amqp091-go 1.5 it misses an ack that comes at once.
		if confirmation := <-confirms; !confirmation.Ack {
			log.Fatal("the broker has not taken the order")
		}
		fmt.Printf("published order %d to %s priority=%d\n", one.ID, key, one.priority)
	}
}

// Calls handle for what comes from the queue until count orders of this run were seen.
func collect(channel *amqp.Channel, queue string, count int, handle func(amqp.Delivery, order)) {
	deliveries, err := channel.Consume(queue, queue, false, false, false, false, nil)
	check(err)
	for seen := 0; seen < count; {
		select {
		case delivery := <-deliveries:
			var one order
			check(json.Unmarshal(delivery.Body, &one))
			handle(delivery, one)
			if one.Run == run {
				seen++
			}
		case <-time.After(patience):
			log.Fatal("orders are missing in ", queue)
		}
	}
	check(channel.Cancel(queue, false))
}

func process(channel *amqp.Channel) (processed, failed []int) {
	check(channel.Qos(10, 0, false))
	collect(channel, "order_processing", len(orders), func(delivery amqp.Delivery, one order) {
		word := "processed"
		if one.Valid {
			check(delivery.Ack(false))
		} else {
			word = "failed"
			check(delivery.Nack(false, false))
		}
		if one.Run != run {
			return
		}
		fmt.Printf("%s order %d priority=%d\n", word, one.ID, delivery.Priority)
		if one.Valid {
			processed = append(processed, one.ID)
		} else {
			failed = append(failed, one.ID)
		}
	})
	sort.Ints(processed)
	return processed, failed
}

func bury(channel *amqp.Channel, count int) (dead []int) {
	collect(channel, "failed_orders", count, func(delivery amqp.Delivery, one order) {
		check(delivery.Ack(false))
		if one.Run != run {
			return
		}
		dead = append(dead, one.ID)
		death := delivery.Headers["x-death"].([]any)[0].(amqp.Table)
		fmt.Printf("dead letter order %d reason=%v queue=%v exchange=%v routing-keys=%v count=%v\n",
			one.ID, death["reason"], death["queue"], death["exchange"],
			death["routing-keys"].([]any)[0], death["count"])
	})
	sort.Ints(dead)
	return dead
}

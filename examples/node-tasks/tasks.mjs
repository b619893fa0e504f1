#!/usr/bin/env node
// Tasks that are retried: a worker republishes what failed with a count of its tries, gives up
// after the third and rejects the task, which the broker then moves to the dead-letter queue.
// Before that, a first worker dies with its hands full, and nothing of it is lost.
//
// Plain amqplib, nothing of Warren: it runs against any AMQP 0-9-1 broker.
//
//     AMQP_URL=amqp://guest:guest@localhost:5672 node tasks.mjs
//
// Exits with 0 when every task went where it should, with 1 otherwise.
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';

const URL = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672';
const PREFETCH = 10;
const MAX_RETRIES = 2;
const PATIENCE_MS = 20_000;

// Tasks of this run carry its id, so that what an earlier run left behind is not mistaken for ours.
const RUN = randomUUID().slice(0, 8);
const TASKS = Array.from({ length: 12 }, (_, index) => ({
  run: RUN,
  id: index + 1,
  // Every fourth can never be done, the one after it works at the second try.
  kind: index % 4 === 3 ? 'hopeless' : index % 4 === 0 ? 'flaky' : 'easy',
}));

const publisher = await connect(URL);
const channel = await publisher.createConfirmChannel();
await declareTopology();
await publishTasks();
const abandoned = await dieMidDelivery();
const { done, redelivered } = await work();
const dead = await collectDeadLetters();
await publisher.close();
process.exitCode = verdict() ? 0 : 1;

async function declareTopology() {
  await channel.assertExchange('dlx', 'direct', { durable: true });
  await channel.assertExchange('tasks', 'direct', { durable: true });
  await channel.assertQueue('dead_letters', { durable: true });
  await channel.bindQueue('dead_letters', 'dlx', 'dead');
  await channel.assertQueue('task_queue', {
    durable: true,
    arguments: { 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': 'dead' },
  });
  await channel.bindQueue('task_queue', 'tasks', 'task');
  console.log('declared tasks -> task_queue -> dlx -> dead_letters');
}

async function publishTasks() {
  await Promise.all(TASKS.map((task) => sendTask(task, 0)));
  console.log(`published ${TASKS.length} tasks, all confirmed`);
}

/** Resolves when the broker has confirmed the task. */
function sendTask(task, retryCount) {
  const options = {
    persistent: true,
    contentType: 'application/json',
    headers: { 'x-retry-count': retryCount },
  };
  return new Promise((resolve, reject) => {
    channel.publish('tasks', 'task', Buffer.from(JSON.stringify(task)), options, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

/** A worker that takes all it may and then loses its connection. Returns the ids it had taken. */
async function dieMidDelivery() {
  const connection = await connect(URL);
  connection.on('error', () => {}); // it is about to die: that is the point
  const doomed = await connection.createChannel();
  await doomed.prefetch(PREFETCH);
  const taken = [];
  await within(PATIENCE_MS, (resolve) => {
    doomed.consume('task_queue', (message) => {
      if (message === null) return;
      taken.push(JSON.parse(message.content));
      if (taken.length === PREFETCH) resolve();
    });
  });
  const gone = new Promise((resolve) => connection.once('close', resolve));
  connection.connection.stream.destroy(new Error('somebody pulled the cable'));
  await gone;
  console.log(`worker 1 died holding ${taken.length} deliveries`);
  return taken.filter((task) => task.run === RUN).map((task) => task.id);
}

/** A worker that survives. Resolves when every task of this run is done or given up. */
async function work() {
  const connection = await connect(URL);
  const worker = await connection.createChannel();
  await worker.prefetch(PREFETCH);
  const done = new Map();
  const redelivered = new Set();
  const atWork = new Set();

  async function attempt(message, task) {
    const retries = message.properties.headers['x-retry-count'];
    let outcome = 'done';
    if (perform(task, retries)) {
      worker.ack(message);
    } else if (retries < MAX_RETRIES) {
      await sendTask(task, retries + 1); // only once it is confirmed may the old one go
      worker.ack(message);
      return;
    } else {
      worker.nack(message, false, false);
      outcome = 'given up';
    }
    if (task.run !== RUN) return;
    done.set(task.id, { retries, outcome });
    console.log(`task ${task.id} ${outcome} after ${retries} retries`);
  }

  await within(PATIENCE_MS, (resolve) => {
    const onMessage = (message) => {
      if (message === null) return;
      const task = JSON.parse(message.content);
      if (task.run === RUN && message.fields.redelivered) redelivered.add(task.id);
      const attempted = attempt(message, task).then(() => {
        atWork.delete(attempted);
        if (done.size === TASKS.length) resolve();
      });
      atWork.add(attempted);
    };
    worker.consume('task_queue', onMessage, { consumerTag: 'worker-2' });
  });
  await worker.cancel('worker-2');
  await Promise.all(atWork);
  await connection.close();
  return { done, redelivered };
}

function perform(task, retries) {
  return task.kind === 'easy' || (task.kind === 'flaky' && retries > 0);
}

/** Empties dead_letters until this run's hopeless tasks were found. Returns them by id. */
async function collectDeadLetters() {
  const found = new Map();
  const expected = TASKS.filter((task) => task.kind === 'hopeless').length;
  await within(PATIENCE_MS, (resolve) => {
    const onMessage = (message) => {
      if (message === null) return;
      channel.ack(message);
      const task = JSON.parse(message.content);
      if (task.run !== RUN) return;
      const [death] = message.properties.headers['x-death'];
      found.set(task.id, { message, death });
      console.log(
        `dead letter task ${task.id} reason=${death.reason} queue=${death.queue}` +
          ` exchange=${death.exchange} routing-keys=${death['routing-keys']} count=${death.count}`,
      );
      if (found.size === expected) resolve();
    };
    channel.consume('dead_letters', onMessage, { consumerTag: 'collector' });
  });
  await channel.cancel('collector');
  return found;
}

/** Resolves when `start` calls back or patience is over: then the verdict says what is missing. */
function within(ms, start) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function verdict() {
  const wrong = [];
  for (const { id, kind } of TASKS) {
    const { retries, outcome } = done.get(id) ?? { retries: 0, outcome: 'lost' };
    const expected = { easy: 'done 0', flaky: 'done 1', hopeless: 'given up 2' }[kind];
    if (`${outcome} ${retries}` !== expected) wrong.push(`task ${id}: ${outcome} ${retries}`);
  }
  for (const id of abandoned) {
    if (!redelivered.has(id)) wrong.push(`task ${id} was not redelivered`);
  }
  for (const { id } of TASKS.filter(({ kind }) => kind === 'hopeless')) {
    const problem = judgeDeadLetter(dead.get(id));
    if (problem !== null) wrong.push(`dead letter of task ${id}: ${problem}`);
  }
  console.log(`${abandoned.length} abandoned, ${redelivered.size} redelivered, ${dead.size} dead`);
  for (const problem of wrong) console.error(`WRONG: ${problem}`);
  console.log(wrong.length === 0 ? 'all tasks accounted for' : 'some tasks went astray');
  return wrong.length === 0;
}

function judgeDeadLetter(letter) {
  if (letter === undefined) return 'missing';
  const { message, death } = letter;
  const { fields, properties } = message;
  const { time, ...rest } = death;
  const expected = {
    count: 1,
    reason: 'rejected',
    queue: 'task_queue',
    exchange: 'tasks',
    'routing-keys': ['task'],
  };
  const same = Object.keys(expected).every((key) => String(rest[key]) === String(expected[key]));
  if (!same || Object.keys(rest).length !== Object.keys(expected).length || time === undefined) {
    return `x-death is ${JSON.stringify(death)}`;
  }
  if (fields.exchange !== 'dlx' || fields.routingKey !== 'dead') {
    return `it came through ${fields.exchange} with key ${fields.routingKey}`;
  }
  const intact = properties.deliveryMode === 2 && properties.contentType === 'application/json';
  return intact ? null : 'it lost its properties';
}

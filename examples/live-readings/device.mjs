/** A thermometer that speaks MQTT: a reading every so often, one of them broken. */
import { connectAsync } from 'mqtt';

const url = process.env.MQTT_URL ?? 'mqtt://guest:guest@localhost:1883';
const everyMs = Number(process.env.EVERY_MS ?? 1000);
const readings = Number(process.env.READINGS ?? 10);

const device = await connectAsync(url);
for (let number = 1; number <= readings; number++) {
  const celsius = number === 4 ? 'ouch' : (20 + number / 10).toFixed(1);
  // QoS 1: resolves when the broker has the reading safe.
  await device.publishAsync('sensors/kitchen/temperature', celsius, { qos: 1 });
  console.log(`reading ${number}: ${celsius}`);
  await new Promise((resolve) => setTimeout(resolve, everyMs));
}
await device.endAsync();

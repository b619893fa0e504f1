/** Every test: memory that bodies have given back is overwritten, so that who reads it shows. */
import { BodyPool } from '../src/broker/body-memory.ts';

BodyPool.scrubs = true;

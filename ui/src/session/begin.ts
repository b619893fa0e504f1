/**
 * begin: what happens before anything is shown: a sign-in that comes back from an identity
 * provider is completed, else what the tab remembers is tried.
 */
import { resume } from './identity.ts';

export async function begin(): Promise<void> {
  await resume();
}

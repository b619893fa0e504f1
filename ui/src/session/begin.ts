/**
 * begin: what happens before anything is shown: a sign-in that comes back from an identity
 * provider is completed, else what the tab remembers is tried.
 */
import { comesBack } from './auth-options.ts';
import { ended, resume, signIn, starting } from './identity.ts';
import { refusal } from './refusal.ts';

export async function begin(): Promise<void> {
  if (!comesBack()) return resume();
  try {
    const { completeOAuth } = await import('./oauth.ts');
    await signIn(await completeOAuth());
  } catch (error) {
    ended.value = refusal(error, '');
  } finally {
    starting.value = false;
  }
}

/**
 * App: the sign-in page or the shell with the page that the address names. Every page is a chunk
 * of its own: a visitor of the overview does not load the topology map.
 */
import { ErrorBoundary, Route, Router } from 'preact-iso';
import { ROUTES } from './routes.ts';
import { identity, starting } from './session/identity.ts';
import { SignIn } from './session/sign-in.tsx';
import { HashLocation } from './shell/location.tsx';
import { NotFound } from './shell/not-found.tsx';
import { Shell } from './shell/shell.tsx';

export function App() {
  if (starting.value) return <div aria-busy="true" class="starting" />;
  if (identity.value === null) return <SignIn />;
  return (
    <HashLocation>
      <Shell>
        <ErrorBoundary>
          <Router>
            {ROUTES.map(({ path, page }) => (
              <Route component={page} key={path} path={path} />
            ))}
            <Route component={NotFound} default />
          </Router>
        </ErrorBoundary>
      </Shell>
    </HashLocation>
  );
}

/**
 * NotFound: an address that leads nowhere, with a way back. Things that are gone from the broker
 * are shown by their own pages.
 */
import { Button } from '../parts/button.tsx';
import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';

export function NotFound() {
  return (
    <>
      <PageHead title="No such page" />
      <Empty
        action={
          <Button href="#/" kind="primary">
            Go to the overview
          </Button>
        }
        icon="search"
        title="This tunnel leads nowhere"
      >
        The address names no page of the console. Ctrl K finds queues, exchanges and connections.
      </Empty>
    </>
  );
}

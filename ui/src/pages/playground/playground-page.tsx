/**
 * PlaygroundPage: publish by one protocol and subscribe by another, from the page, and see the
 * program that does the same. What is chosen stands in the address; payloads do not.
 */
import { PageHead } from '../../parts/page-head.tsx';
import { features } from '../../session/identity.ts';
import { useOneVhost } from '../../shell/one-vhost.ts';
import { CodePanel } from './code-panel.tsx';
import { PublishPanel } from './publish-panel.tsx';
import { SubscribePanel } from './subscribe-panel.tsx';
import './playground.css';

export default function PlaygroundPage() {
  const vhost = useOneVhost();
  // RabbitMQ takes no WebSockets where its console is.
  const extended = features.value.has('stream');
  return (
    <>
      <PageHead title="Playground">
        Publish by one protocol, subscribe by another, in virtual host {vhost}
      </PageHead>
      <div class="playground">
        <PublishPanel extended={extended} vhost={vhost} />
        <SubscribePanel extended={extended} key={vhost} vhost={vhost} />
      </div>
      <CodePanel vhost={vhost} />
    </>
  );
}

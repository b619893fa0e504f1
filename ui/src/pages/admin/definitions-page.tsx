/**
 * DefinitionsPage: the whole set-up of the broker as one file: out for a backup or a copy, in with
 * a preview of what would be new. Messages are no part of it.
 */
import { useState } from 'preact/hooks';
import { at, send } from '../../api/request.ts';
import { Button } from '../../parts/button.tsx';
import { Check } from '../../parts/field.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Panel } from '../../parts/panel.tsx';
import { attempt } from '../../parts/toast.tsx';
import { isAdministrator } from '../../session/identity.ts';
import { vhost } from '../../shell/vhost.ts';
import { AdminTabs } from './admin-tabs.tsx';
import { ImportDefinitions } from './import-definitions.tsx';

export default function DefinitionsPage() {
  const [only, setOnly] = useState(false);
  const [busy, setBusy] = useState(false);
  const chosen = vhost.value || '/';
  const narrowed = only || !isAdministrator.value;
  const download = async () => {
    setBusy(true);
    const path = narrowed ? at`definitions/${chosen}` : 'definitions';
    await attempt('The definitions are in your downloads.', async () => {
      const response = await send('GET', path);
      save(await response.blob(), fileName(narrowed ? chosen : ''));
    });
    setBusy(false);
  };
  return (
    <>
      <PageHead title="Definitions" />
      <AdminTabs />
      <Panel title="Export">
        <div class="form">
          <p class="muted">
            Virtual hosts, users with the hashes of their passwords, permissions, policies,
            parameters, exchanges, queues and bindings. Keep the file like a secret.
          </p>
          {isAdministrator.value && (
            <Check checked={only} label={`Only the virtual host ${chosen}`} onChange={setOnly} />
          )}
          <div class="btn-row">
            <Button busy={busy} icon="download" kind="primary" onClick={() => void download()}>
              Download definitions
            </Button>
          </div>
        </div>
      </Panel>
      <ImportDefinitions vhost={isAdministrator.value ? '' : chosen} />
    </>
  );
}

/** `warren-definitions-2026-11-26.json` */
function fileName(name: string): string {
  const day = new Date().toISOString().slice(0, 10);
  const part = name === '' ? '' : `-${name.replace(/[^a-z0-9]+/gi, '_')}`;
  return `warren-definitions${part}-${day}.json`;
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * The console's first file: theme, styles, and the application into the page. What is shown is
 * app.tsx; who may see it, session/identity.ts.
 */
import './style/base.css';
import './style/tokens.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { begin } from './session/begin.ts';
import { applyTheme } from './shell/theme.ts';

applyTheme();
void begin();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);

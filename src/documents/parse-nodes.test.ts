import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNodes } from './parse-nodes.ts';

test('nodes.yaml is read with all that it may say', () => {
  const text = [
    'pve1:',
    '  host: 10.0.0.11',
    '  name: pve1',
    '  api: { port: 8006, fingerprint: "' + '1E:'.repeat(31) + 'bd", user: root@pam, password_file: ~/p }',
    '  ssh: { user: root, key: ~/.ssh/id_ed25519, known_hosts: [~/.ssh/known_hosts], timeout_seconds: 2.5 }',
    'pve2: { api: { ca: /etc/pinfold/ca.pem, token_file: /etc/pinfold/token, timeout_seconds: 10 } }',
    'bare: {}',
  ].join('\n');
  const nodes = readNodes(text, 'nodes.yaml');
  expect(Object.keys(nodes)).toEqual(['pve1', 'pve2', 'bare']);
  expect(nodes['pve1']!.ssh).toMatchObject({ timeout_seconds: 2.5, key: '~/.ssh/id_ed25519' });
  expect(readNodes('', 'nodes.yaml')).toEqual({});
});

test.each([
  ['pve1: { hosts: a }', 'line 1, pve1 has the unknown key "hosts"; the nearest right one is "host"'],
  ['pve1:\n  api: { fingerprint: abc }', 'line 2, pve1.api.fingerprint is "abc" and must be the SHA-256'],
  ['pve1:\n  api: { port: 0 }', 'a whole number from 1 to 65535'],
  ['pve1: { ssh: { timeout_seconds: 0 } }', 'a number of seconds from 0.1 to 3600'],
  ['pve1: { api: { user: root } }', 'a user such as "root@pam"'],
  ['"../x": {}', 'letters, digits, "." and "-"'],
  ['- pve1', 'a map of nodes by name'],
])('%s is refused with the line and what is right', (text, words) => {
  expect(() => readNodes(text, 'nodes.yaml')).toThrow(words);
});

test('the template is a nodes.yaml, with what is commented out too', () => {
  const text = readFileSync(join(__dirname, '../../templates/nodes.yaml'), 'utf8');
  expect(readNodes(text, 'templates/nodes.yaml')['pve1']).toMatchObject({ ssh: { user: 'root' } });
  const all = text.replace(/^( +)#(?=\w+:)/gm, '$1');
  expect(readNodes(all, 'templates/nodes.yaml')['pve1']!.api).toMatchObject({ timeout_seconds: 30 });
});

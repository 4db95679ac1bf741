import * as z from 'zod/mini';
import { list, name, whole } from './fields.ts';

const path = () => name('the path of a file');
const port = () => whole(1, 65_535);
const seconds = () =>
  z.number().check(z.minimum(0.1), z.maximum(3600), z.describe('a number of seconds from 0.1 to 3600'));

const apiSettings = z
  .strictObject({
    port: z.exactOptional(port()),
    fingerprint: z.exactOptional(
      z
        .string()
        .check(
          z.regex(/^(SHA256:)?([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/),
          z.describe('the SHA-256 of the certificate, 32 bytes such as "1E:B0:…"'),
        ),
    ),
    ca: z.exactOptional(path()),
    token_file: z.exactOptional(path()),
    user: z.exactOptional(
      z.string().check(z.regex(/^[^\s@!:/]{1,64}@[\w.-]{1,32}$/), z.describe('a user such as "root@pam"')),
    ),
    password_file: z.exactOptional(path()),
    timeout_seconds: z.exactOptional(seconds()),
  })
  .check(z.describe('a map of what is known of the API'));

const sshSettings = z
  .strictObject({
    host: z.exactOptional(name('a host')),
    port: z.exactOptional(port()),
    user: z.exactOptional(name('a user')),
    key: z.exactOptional(path()),
    known_hosts: z.exactOptional(list(path(), 16)),
    host_key_alias: z.exactOptional(name('a name in known_hosts')),
    timeout_seconds: z.exactOptional(seconds()),
  })
  .check(z.describe('a map of what is known of SSH'));

/** nodes.yaml: how nodes are reached from another machine. */
export const nodesSchema = z
  .record(
    z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/), z.describe('letters, digits, "." and "-"')),
    z
      .strictObject({
        host: z.exactOptional(name('a host')),
        name: z.exactOptional(
          z.string().check(z.regex(/^[A-Za-z0-9-]{1,63}$/), z.describe("the node's name in Proxmox VE")),
        ),
        api: z.exactOptional(apiSettings),
        ssh: z.exactOptional(sshSettings),
      })
      .check(z.describe('a map with host, name, api and ssh')),
  )
  .check(z.describe('a map of nodes by name'));

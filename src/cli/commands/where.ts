import { readEach } from '../../app/read-each.ts';
import { LIMITS } from '../../documents/limits.ts';
import { parseHost } from '../../documents/parse-host.ts';
import { parseRequest } from '../../documents/parse-request.ts';
import { readJson } from '../../documents/read-json.ts';
import { AppError, EXIT } from '../../domain/app-error.ts';
import type { Host } from '../../domain/host.ts';
import type { PlacementRequest } from '../../domain/placement-request.ts';
import type { Ranking } from '../../domain/ranking.ts';
import { rankNodes, type Preference } from '../../engine/rank-nodes.ts';
import { CountLine } from '../count-line.ts';
import { readText } from '../input.ts';
import { observedHost } from '../observed-host.ts';
import { namedNodes, withNode } from '../open-node.ts';
import { columnsToUse, print } from '../output.ts';
import { renderRanking } from '../render/render-ranking.ts';

/** What `pinfold where` was asked for. */
export interface WhereOptions {
  readonly request: string;
  /** A file of host documents, one a line, in place of nodes. */
  readonly hosts: string | undefined;
  /** Names in nodes.yaml; empty = all of it. */
  readonly nodes: readonly string[];
  readonly strategy: Preference;
  /** Nodes read at a time. */
  readonly parallel: number;
  readonly deadlineSeconds: number;
  readonly json: boolean;
}

/** UTF-8 has at most this many bytes a character. */
const CHARACTER_BYTES = 4;
/** Bytes of a file of host documents: a thousand large nodes. */
const LONGEST_HOSTS = 512 * 1024 * 1024;

type NamedHost = { readonly node: string; readonly host: Host };
type Nodes = {
  readonly hosts: readonly NamedHost[];
  readonly unreachable: Ranking['unreachable'];
  readonly abandoned: boolean;
};

/** Prints the nodes of the cluster ranked for a request, and why not on the others. Exit 3 when it fits nowhere, 4 when no node answered. */
export async function whereCommand(options: WhereOptions): Promise<number> {
  const request = await requestIn(options.request);
  const { hosts, unreachable, abandoned } =
    options.hosts === undefined ? await nodesOfCluster(options) : await documentedNodes(options.hosts);
  const result = rankNodes(hosts, request, options.strategy);
  if (!result.ok) throw new AppError(result.error.code, EXIT.usage, result.error.summary);
  const ranking: Ranking = { ...result.ranking, unreachable };
  await print(
    options.json
      ? `${JSON.stringify(ranking, null, 2)}\n`
      : `${renderRanking(ranking, columnsToUse()).join('\n')}\n`,
  );
  const code = exitOf(ranking);
  // A node that never answered would keep the process until its own time is over.
  if (abandoned) process.exit(code);
  return code;
}

function exitOf({ fits, refused }: Ranking): number {
  if (fits.length > 0) return EXIT.done;
  return refused.length > 0 ? EXIT.refused : EXIT.unreachable;
}

async function requestIn(file: string): Promise<PlacementRequest> {
  const text = await readText(file, CHARACTER_BYTES * LIMITS.textLength);
  return parseRequest(readJson(text, 'the request'));
}

async function nodesOfCluster({ nodes, parallel, deadlineSeconds }: WhereOptions): Promise<Nodes> {
  const names = await namedNodes(nodes);
  const line = new CountLine(names.length, 'nodes read');
  const read = await readEach(
    names,
    node => withNode({ root: undefined, node, silent: true }, observedHost),
    {
      limit: parallel,
      deadlineMs: deadlineSeconds * 1000,
      onEach: () => {
        line.step();
      },
    },
  );
  line.end();
  return {
    hosts: read.answers.map(({ name, answer }) => ({ node: name, host: answer })),
    unreachable: read.failed.map(({ name, reason }) => ({ node: name, reason })),
    abandoned: read.abandoned,
  };
}

/** A document that is damaged is a node that could not be read; it harms no other. */
async function documentedNodes(file: string): Promise<Nodes> {
  const hosts: NamedHost[] = [];
  const unreachable: { node: string; reason: string }[] = [];
  const lines = (await readText(file, LONGEST_HOSTS)).split('\n');
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    try {
      const host = parseHost(readJson(line, `line ${index + 1}`), `line ${index + 1}`);
      hosts.push({ node: host.topology.host, host });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      unreachable.push({ node: `line ${index + 1}`, reason: error.message });
    }
  });
  return { hosts, unreachable, abandoned: false };
}

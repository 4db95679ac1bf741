/** One sample as a scraper keeps it. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  type: string | null;
  samples: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const VALUE = /^[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)$|^NaN$/;

/**
 * Reads Prometheus's text format (exposition format 0.0.4) and throws at whatever it forbids, or node_exporter's textfile
 * collector does: a missing last line end, HELP or TYPE twice, late, missing or of no sample; families in pieces; the same
 * sample twice; a time stamp; a counter whose name does not end in `_total` (promtool's lint); an end mark.
 */
export function scrape(text: string): readonly ScrapedSample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  const samples: ScrapedSample[] = [];
  const seen = new Set<string>();
  const ended = new Set<string>();
  let family = null as Family | null;
  const end = (whole: Family | null) => {
    if (whole === null) return;
    if (whole.type === null || whole.samples === 0) throw new Error(`${whole.name} is not whole`);
    ended.add(whole.name);
  };
  for (const line of text.split('\n').slice(0, -1)) {
    const help = new RegExp(`^# HELP (${NAME}) (?:[^\\\\]|\\\\[\\\\n])+$`).exec(line)?.[1];
    const type = new RegExp(`^# TYPE (${NAME}) (gauge|counter|summary)$`).exec(line);
    if (help !== undefined) {
      end(family);
      if (ended.has(help)) throw new Error(`${help} comes in pieces`);
      family = { name: help, type: null, samples: 0 };
    } else if (type !== null) {
      if (family === null || family.name !== type[1] || family.type !== null)
        throw new Error(`a TYPE out of place: ${line}`);
      family.type = type[2]!;
      if (family.type === 'counter' && !family.name.endsWith('_total'))
        throw new Error(`${family.name}: _total`);
    } else {
      const sample = readSample(line);
      if (family === null || family.type === null || !namesOf(family.name, family.type).includes(sample.name))
        throw new Error(`a sample of no family: ${line}`);
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(key)) throw new Error(`the same sample twice: ${line}`);
      seen.add(key);
      family.samples += 1;
      samples.push(sample);
    }
  }
  end(family);
  return samples;
}

function namesOf(family: string, type: string): readonly string[] {
  return type === 'summary' ? [`${family}_sum`, `${family}_count`] : [family];
}

function readSample(line: string): ScrapedSample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !VALUE.test(value!)) throw new Error(`no sample: ${JSON.stringify(line)}`);
  const pairs = [...labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label, text]) => [label!, unescape(text!)] as const,
  );
  if (new Set(pairs.map(([label]) => label)).size !== pairs.length) throw new Error(`a label twice: ${line}`);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

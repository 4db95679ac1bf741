/** One metric with all its samples. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'summary';
  readonly samples: readonly MetricSample[];
}

/** One line. */
export interface MetricSample {
  /** Of a summary: which of its two lines. */
  readonly part?: '_sum' | '_count';
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Metrics in the text format that Prometheus reads (exposition format 0.0.4), as node_exporter's textfile collector takes
 * them: without timestamps and without an end mark. Families without samples are left out.
 */
export function printFamilies(families: readonly MetricFamily[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ part = '', labels = {}, value }) => `${name}${part}${printLabels(labels)} ${value}`),
    ])
    .map(line => `${line}\n`)
    .join('');
}

function printLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Backslash, double quote and line feed; every other character stands for itself. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Counters, gauges and histograms in Prometheus' text format. A series that was initialised exists at 0. */

/** The values of a metric's labels; every declared label must be given. */
export type Labels = Readonly<Record<string, string>>;

/** More label combinations than this are dropped and counted: labels must not be user-controlled. */
export const SERIES_MAX = 1_000;
const NO_LABELS: Labels = {};
/** Seconds; from one API call to a slow boot. */
export const DURATION_BUCKETS: readonly number[] = [
  0.001,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
];

type MetricType = "counter" | "gauge" | "histogram";

/** What every metric shares: its series by label values. */
abstract class Metric<Value> {
  abstract readonly type: MetricType;
  /** By the values of the labels: rendering is rare, counting is not. */
  protected readonly series = new Map<string, { labels: Labels; value: Value }>();
  #dropped = 0;

  constructor(
    readonly name: string,
    readonly help: string,
    readonly labelNames: readonly string[],
  ) {}

  /** Makes the series exist, so that a rate can be computed before the first event. */
  init(labels: Labels = NO_LABELS): void {
    this.at(labels);
  }

  protected abstract zero(): Value;
  protected abstract renderSeries(labels: string, value: Value): string;

  protected at(labels: Labels): Value {
    const key = this.#key(labels);
    const found = this.series.get(key);
    if (found !== undefined) return found.value;
    const value = this.zero();
    if (this.series.size < SERIES_MAX) this.series.set(key, { labels: { ...labels }, value });
    else this.#dropped++;
    return value;
  }

  render(): string {
    const head = `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} ${this.type}\n`;
    const lines = [...this.series.values()]
      .map(({ labels, value }) => this.renderSeries(this.#render(labels), value));
    const dropped = this.#dropped > 0 ? `# ${this.name}: ${this.#dropped} updates dropped\n` : "";
    return head + lines.join("") + dropped;
  }

  #key(labels: Labels): string {
    let count = 0;
    for (const _ in labels) count++;
    if (count !== this.labelNames.length) {
      throw new TypeError(
        `Cannot use metric ${this.name}: labels must be [${this.labelNames}]: got [${
          Object.keys(labels)
        }]`,
      );
    }
    let key = "";
    for (const name of this.labelNames) key += `${labels[name] ?? ""}\0`;
    return key;
  }

  #render(labels: Labels): string {
    return this.labelNames.map((name) => `${name}="${escapeLabel(labels[name] ?? "")}"`).join(",");
  }
}

/** Only grows. */
export class Counter extends Metric<{ value: number }> {
  readonly type = "counter";
  inc(labels: Labels = NO_LABELS, by = 1): void {
    this.at(labels).value += by;
  }
  value(labels: Labels = NO_LABELS): number {
    return this.at(labels).value;
  }
  protected zero(): { value: number } {
    return { value: 0 };
  }
  protected renderSeries(labels: string, { value }: { value: number }): string {
    return `${this.name}${braces(labels)} ${value}\n`;
  }
}

/** Goes up and down. */
export class Gauge extends Metric<{ value: number }> {
  readonly type = "gauge";
  set(value: number, labels: Labels = NO_LABELS): void {
    this.at(labels).value = value;
  }
  add(by: number, labels: Labels = NO_LABELS): void {
    this.at(labels).value += by;
  }
  value(labels: Labels = NO_LABELS): number {
    return this.at(labels).value;
  }
  protected zero(): { value: number } {
    return { value: 0 };
  }
  protected renderSeries(labels: string, { value }: { value: number }): string {
    return `${this.name}${braces(labels)} ${value}\n`;
  }
}

interface Distribution {
  counts: number[];
  sum: number;
  count: number;
}

/** Observations in buckets; durations are in seconds, as Prometheus wants them. */
export class Histogram extends Metric<Distribution> {
  readonly type = "histogram";
  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    readonly buckets: readonly number[],
  ) {
    super(name, help, labelNames);
  }

  observe(value: number, labels: Labels = NO_LABELS): void {
    const at = this.at(labels);
    at.sum += value;
    at.count++;
    const bucket = this.buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) at.counts[bucket] = (at.counts[bucket] ?? 0) + 1;
  }

  count(labels: Labels = NO_LABELS): number {
    return this.at(labels).count;
  }

  protected zero(): Distribution {
    return { counts: this.buckets.map(() => 0), sum: 0, count: 0 };
  }

  protected renderSeries(labels: string, { counts, sum, count }: Distribution): string {
    const comma = labels === "" ? "" : labels + ",";
    let below = 0;
    const lines = this.buckets.map((bound, i) => {
      below += counts[i] ?? 0;
      return `${this.name}_bucket{${comma}le="${bound}"} ${below}\n`;
    });
    return lines.join("") + `${this.name}_bucket{${comma}le="+Inf"} ${count}\n` +
      `${this.name}_sum${braces(labels)} ${sum}\n${this.name}_count${braces(labels)} ${count}\n`;
  }
}

/** Holds the metrics of one process. Asking twice for one name gives the same metric. */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Counter | Gauge | Histogram>();

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.#register(new Counter(name, help, labelNames));
  }
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.#register(new Gauge(name, help, labelNames));
  }
  histogram(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    buckets: readonly number[] = DURATION_BUCKETS,
  ): Histogram {
    return this.#register(new Histogram(name, help, labelNames, buckets));
  }

  /** The body of `/metrics`; its content type is `text/plain; version=0.0.4`. */
  render(): string {
    return [...this.#metrics.values()].map((metric) => metric.render()).join("");
  }

  #register<M extends Counter | Gauge | Histogram>(metric: M): M {
    const found = this.#metrics.get(metric.name);
    if (found === undefined) {
      this.#metrics.set(metric.name, metric);
      return metric;
    }
    if (found.type !== metric.type || `${found.labelNames}` !== `${metric.labelNames}`) {
      throw new TypeError(
        `Cannot register metric ${metric.name}: it exists otherwise: ${found.type} [${found.labelNames}]`,
      );
    }
    return found as M;
  }
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

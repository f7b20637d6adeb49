/** The one door in front of the servers: an HAProxy container that asks for keys and chooses a server by model. */
export interface Gateway {
  /** The declared image. */
  readonly image: string;
  /** Address of this machine that it listens on; `127.0.0.1` unless declared. */
  readonly address: string;
  /** Port of this machine. */
  readonly port: number;
  readonly tls: GatewayTls;
  /** Most bytes of one request's body. */
  readonly maxBody: number;
  /** Most requests that wait for one pool, before more are told to come back later (503). */
  readonly maxQueue: number;
  /** Seconds that requests in flight get to end when their server is replaced. */
  readonly drain: number;
  /** Port on 127.0.0.1 that serves the metrics, without a key. */
  readonly metricsPort: number;
}

export type GatewayTls =
  /** A certificate of the project's own authority; `names`: further DNS names and addresses it is for. */
  | { readonly kind: 'local'; readonly names: readonly string[] }
  /** Paths relative to the manifest. `chain`: the PEM text of the certificates, which are public; the key is never held. */
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string; readonly chain: string }
  /** Plain HTTP; on a loopback address only. */
  | { readonly kind: 'none' };

/** Prometheus with alerts, and Grafana where its image can be had; both on 127.0.0.1. */
export interface Observability {
  readonly prometheus: {
    readonly image: string;
    readonly port: number;
    /** Prometheus's own duration, `15d`. */ readonly retention: string;
  };
  readonly grafana: { readonly image: string; readonly port: number };
}

/** Milliseconds before its end at which a certificate of the project's own authority is made anew: 30 days. */
export const renewBefore = 30 * 86_400_000;

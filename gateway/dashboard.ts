import { figures, graphs } from './dashboard-panels.js';
import type { Shown } from './dashboard-panels.js';
import { datasource } from './grafana-provisioning.js';

/** A panel of Grafana's JSON model (dashboards, schema version 39), as far as we use it. */
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries';
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly Target[];
  readonly [setting: string]: unknown;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: typeof datasource;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly [setting: string]: unknown;
}

const columns = 24;

function panel(shown: Shown, id: number, type: Panel['type'], place: Panel['gridPos']): Panel {
  const { title, description, unit, queries } = shown;
  const targets = Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    expr,
    legendFormat,
    datasource,
  }));
  return { id, title, description, type, gridPos: place, datasource, fieldConfig: { defaults: { unit } }, targets };
}

function panels(): Panel[] {
  const small = { w: columns / figures.length, h: 4 };
  const large = { w: columns / 2, h: 8 };
  return [
    ...figures.map((shown, index) => panel(shown, index + 1, 'stat', { ...small, x: index * small.w, y: 0 })),
    ...graphs.map((shown, index) => {
      const place = { ...large, x: (index % 2) * large.w, y: small.h + Math.floor(index / 2) * large.h };
      return panel(shown, figures.length + index + 1, 'timeseries', place);
    }),
  ];
}

/** A choice above the panels, filled with the values of a label. */
function choice(label: string): unknown {
  return {
    name: label,
    label,
    type: 'query',
    datasource,
    query: `label_values(ollama_gateway_requests_total, ${label})`,
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

/** Grafana's dashboard of a project. */
export function dashboard(project: string): Dashboard {
  return {
    uid: 'ollama-gateway',
    title: `Ollama: ${project}`,
    schemaVersion: 39,
    editable: false,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [choice('model'), choice('key')] },
    panels: panels(),
  };
}

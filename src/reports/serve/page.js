'use strict';
const byId = id => document.getElementById(id);
const make = (name, text, className) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const count = number => number.toLocaleString('en');
const percent = share => (100 * share).toFixed(1) + ' %';

const state = (word, good) => {
  const badge = byId('state');
  badge.textContent = word;
  badge.className = 'badge ' + (good ? 'OK' : 'FAIL');
};

// Requests that bring a body, by the bounds of the histogram that Prometheus reads: counts up to each, since the start.
async function latencies() {
  const text = await (await fetch('metrics')).text();
  const counts = new Map();
  for (const [, bound, value] of text.matchAll(
    /^churn_api_request_latency_seconds_bucket\{method="POST",.*le="([^"]+)"\} (\S+)$/gm)) {
    const upTo = bound === '+Inf' ? Infinity : Number(bound);
    counts.set(upTo, (counts.get(upTo) ?? 0) + Number(value));
  }
  return [...counts].sort((a, b) => a[0] - b[0]);
}

// The quantile as Prometheus interpolates it; undefined where nothing was asked.
function quantile(share, buckets) {
  const rank = share * (buckets.at(-1)?.[1] ?? 0);
  let [low, below] = [0, 0];
  for (const [upTo, count] of buckets) {
    if (rank > 0 && count >= rank)
      return upTo === Infinity ? low : low + (upTo - low) * (rank - below) / (count - below);
    [low, below] = [upTo, count];
  }
}

const EVERY = 5000, POINTS = 60;
const slow = [];
let before;

function time(seconds) {
  if (seconds === undefined) return 'none asked';
  return seconds < 1 ? (1000 * seconds).toPrecision(2) + ' ms' : seconds.toPrecision(2) + ' s';
}

// One point a look; a gap where nothing was asked.
function line(points) {
  const most = Math.max(...points.filter(point => point !== undefined), 0.001);
  let path = '', drawn = false;
  points.forEach((point, at) => {
    if (point !== undefined) {
      const x = 120 * (POINTS - points.length + at) / (POINTS - 1), y = 22 - 20 * point / most;
      path += (drawn ? 'L' : 'M') + x.toFixed(1) + ' ' + y.toFixed(1) + (drawn ? '' : 'h.1');
    }
    drawn = point !== undefined;
  });
  byId('latency_line').setAttribute('d', path);
  byId('latency_most').textContent = points.some(point => point !== undefined)
    ? 'of requests that bring rows, line up to ' + time(most) : 'of requests that bring rows, every 5 s';
}

async function lookAtLatency() {
  const now = await latencies();
  const first = before;
  before = now;
  // The first look has nothing to be counted from.
  if (!first) return;
  // A server that started again counts from 0.
  const past = (now.at(-1)?.[1] ?? 0) < (first.at(-1)?.[1] ?? 0) ? [] : first;
  slow.push(quantile(.95, now.map(([upTo, count], at) => [upTo, count - (past[at]?.[1] ?? 0)])));
  slow.splice(0, slow.length - POINTS);
  byId('latency').textContent = time(slow.at(-1));
  line(slow);
}

async function look() {
  try {
    const ready = await fetch('ready');
    state(ready.ok ? 'READY' : 'NOT READY', ready.ok);
    if (!byId('predictions')) return;
    const counters = await (await fetch('counters')).json();
    const [positive, negative] = [counters.positive, counters.negative];
    byId('predictions').textContent = count(positive + negative);
    byId('positive').textContent = count(positive);
    byId('negative').textContent = count(negative);
    byId('in_flight').textContent = count(counters.requests_in_flight);
    const share = byId('share');
    const now = positive + negative ? percent(positive / (positive + negative)) : 'none yet';
    share.textContent = share.dataset.baseline ? now + '; ' + share.dataset.baseline : now;
    await lookAtLatency();
  } catch {
    state('GONE', false);
  }
}

const fieldOf = name => [...byId('form').elements].find(element => element.name === name)?.parentElement;

function refuse(problem) {
  const answer = byId('answer');
  answer.replaceChildren(make('p', problem.detail || 'The request failed.'));
  const list = make('ul');
  for (const error of problem.errors || []) {
    list.append(make('li', error.detail));
    const name = error.pointer.split('/').pop().replaceAll('~1', '/').replaceAll('~0', '~');
    fieldOf(name)?.classList.add('bad');
  }
  answer.append(list);
}

function show(answer, form) {
  const churned = answer.label === form.dataset.positive;
  const head = make('p');
  head.append(make('span', percent(answer.churn_risk), 'risk'), ' ',
    make('span', answer.label, 'badge ' + (churned ? 'FAIL' : 'OK')), ' ',
    make('span', 'model ' + answer.model_version, 'muted'));
  const scale = make('div', undefined, 'scale');
  const risk = make('i'), threshold = make('b'), word = make('span', 'threshold ' + percent(answer.threshold));
  risk.style.width = 100 * answer.churn_risk + '%';
  threshold.style.left = word.style.left = 100 * answer.threshold + '%';
  scale.append(risk, threshold, word);
  const table = make('table');
  table.append(make('caption', 'What each value adds to the log-odds, largest first; they begin at ' +
    answer.base_log_odds.toFixed(3) + ' and end at ' + answer.log_odds.toFixed(3) + ', before calibration.'));
  const names = make('tr');
  for (const name of ['Feature', 'Value', 'Adds', '']) names.append(make('th', name, name === 'Adds' ? 'n' : ''));
  table.append(make('thead'));
  table.tHead.append(names);
  const body = make('tbody');
  const most = Math.max(...answer.contributions.map(one => Math.abs(one.contribution)), 1e-9);
  for (const one of answer.contributions) {
    const row = make('tr'), bar = make('td'), push = make('div', undefined, 'push');
    const part = make('i', undefined, one.contribution > 0 ? 'up' : 'down');
    part.style.width = 100 * Math.abs(one.contribution) / most + '%';
    push.append(part);
    bar.append(push);
    const sign = one.contribution > 0 ? '+' : '';
    row.append(make('th', one.feature), make('td', one.value === null ? '(missing)' : String(one.value)),
      make('td', sign + one.contribution.toFixed(3), 'n'), bar);
    body.append(row);
  }
  table.append(body);
  byId('answer').replaceChildren(head, scale, table);
}

async function predict(event) {
  event.preventDefault();
  const form = byId('form');
  form.querySelectorAll('.bad').forEach(field => field.classList.remove('bad'));
  const features = {};
  for (const element of form.elements) {
    if (!element.name) continue;
    const text = element.value;
    features[element.name] = text === '' ? null : element.dataset.kind === 'number' ? Number(text) : text;
  }
  try {
    const response = await fetch('predict?explain=true', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ user_id: 'page', features }),
    });
    const answer = await response.json();
    if (response.ok) show(answer, form); else refuse(answer);
  } catch {
    refuse({ detail: 'The server does not answer.' });
  }
  look();
}

byId('form')?.addEventListener('submit', predict);
byId('form')?.addEventListener('reset', () => byId('answer').replaceChildren());
look();
setInterval(look, EVERY);

import { shortId } from '../format.ts';
import { text } from '../text.ts';
import type { SwarmScene, Sprite } from './scene.ts';
import { formatRtt, type GraphLink } from './swarm-graph.ts';

/** So many connections have room for their round trips in the picture. */
const fewLinks = 10;
/** So many volunteers have room for their names; all have one in the table. */
const fewNames = 9;

/** Colours of the theme, read anew when it changes. */
export interface SwarmColours {
  readonly ink: string;
  readonly soft: string;
  readonly rule: string;
  readonly surface: string;
  readonly accent: string;
  readonly violet: string;
  readonly bad: string;
  readonly font: string;
  /** Of the dots by which a volunteer is found again in every panel: lightness in hsl. */
  readonly dotLight: string;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Draws the scene onto a canvas whose unit is a CSS pixel. */
export function drawSwarm(
  context: CanvasRenderingContext2D,
  scene: SwarmScene,
  colours: SwarmColours,
  { width, height }: Size,
): void {
  context.clearRect(0, 0, width, height);
  // Room for a name and an id under the lowest and beside the outermost.
  const [halfWidth, halfHeight] = [Math.max(1, width / 2 - 34), Math.max(1, height / 2 - 38)];
  const at = ({ x, y }: { x: number; y: number }) => ({
    x: width / 2 + x * halfWidth,
    y: height / 2 - 14 + y * halfHeight,
  });
  const { sprites, self } = scene;
  const own = self === undefined ? undefined : sprites.get(self);
  if (own !== undefined) {
    const from = at(own);
    const most = Math.max(1, ...scene.links.map(carried));
    for (const link of scene.links) {
      const end = sprites.get(link.to);
      if (end === undefined) continue;
      const alpha = end.shown * (scene.links.length > fewLinks ? 0.3 : 0.55);
      drawLink(context, from, at(end), alpha, carried(link) / most, colours);
      if (scene.links.length <= fewLinks && link.rttMs !== undefined)
        drawLabel(context, from, at(end), formatRtt(link.rttMs), end.shown, colours);
    }
    for (const pulse of scene.pulses) {
      const end = sprites.get(pulse.to);
      if (end === undefined) continue;
      const to = at(end);
      const along = pulse.out ? pulse.at : 1 - pulse.at;
      dot(context, { x: from.x + (to.x - from.x) * along, y: from.y + (to.y - from.y) * along }, 3);
      context.fillStyle = pulse.out ? colours.accent : colours.violet;
      context.fill();
    }
  }
  const room = sprites.size > 24 ? 'crowded' : sprites.size > fewNames ? 'ids' : 'names';
  // Those with a name come last, on top of those without.
  const ordered = [...sprites.values()].sort((a, b) => weight(a) - weight(b));
  for (const sprite of ordered) drawNode(context, sprite, at(sprite), colours, { width, room });
}

const weight = ({ node }: Sprite): number => (node.kind === 'you' ? 2 : node.leader ? 1 : 0);

interface Point {
  readonly x: number;
  readonly y: number;
}

const carried = ({ bytesUp, bytesDown }: GraphLink): number => bytesUp + bytesDown;

function dot(context: CanvasRenderingContext2D, { x, y }: Point, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function drawLink(
  context: CanvasRenderingContext2D,
  from: Point,
  to: Point,
  alpha: number,
  share: number,
  { soft }: SwarmColours,
): void {
  context.globalAlpha = alpha;
  context.strokeStyle = soft;
  context.lineWidth = 1 + 3 * Math.sqrt(share);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
  context.globalAlpha = 1;
}

/** The round trip in the middle of its connection. */
function drawLabel(
  context: CanvasRenderingContext2D,
  from: Point,
  to: Point,
  label: string,
  shown: number,
  colours: SwarmColours,
): void {
  context.globalAlpha = shown;
  context.font = `11px ${colours.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  halo(context, label, x, y, colours);
  context.fillStyle = colours.soft;
  context.fillText(label, x, y);
  context.globalAlpha = 1;
}

/** Makes words readable on top of a line that runs below them. */
function halo(
  context: CanvasRenderingContext2D,
  words: string,
  x: number,
  y: number,
  { surface }: SwarmColours,
): void {
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = surface;
  context.strokeText(words, x, y);
}

/** A filled dot trains, an open one watches; a star leads; a ring in the colour of alarm holds another replica. */
function drawNode(
  context: CanvasRenderingContext2D,
  { node, shown }: Sprite,
  place: Point,
  colours: SwarmColours,
  { width, room }: { readonly width: number; readonly room: 'names' | 'ids' | 'crowded' },
): void {
  const { kind, leader, differs, connected, id } = node;
  const crowded = room === 'crowded';
  const radius = (kind === 'you' ? 12 : crowded ? 6 : 9) * (0.3 + 0.7 * shown);
  const hue = parseInt(id.slice(0, 4), 16) % 360;
  const own = `hsl(${Number.isNaN(hue) ? 0 : hue} 45% ${colours.dotLight})`;
  context.globalAlpha = shown;
  if (differs || kind === 'you') {
    dot(context, place, radius + 4);
    context.strokeStyle = differs ? colours.bad : colours.accent;
    context.lineWidth = differs ? 4 : 2;
    context.stroke();
  }
  dot(context, place, radius);
  context.fillStyle = kind === 'watching' ? colours.surface : own;
  context.fill();
  context.strokeStyle = own;
  context.lineWidth = kind === 'watching' ? 3 : 1;
  context.setLineDash(connected || kind !== 'watching' ? [] : [3, 3]);
  context.stroke();
  context.setLineDash([]);
  if (leader) drawStar(context, { x: place.x + radius, y: place.y - radius }, colours);
  if (!crowded || leader || kind === 'you') {
    const below = place.y + radius + 6;
    const ink = differs ? colours.bad : colours.ink;
    const line = (words: string, y: number, font: string, colour: string): void => {
      context.font = `${font} ${colours.font}`;
      context.textAlign = 'center';
      context.textBaseline = 'top';
      // Nothing runs over the edge.
      const half = context.measureText(words).width / 2 + 2;
      const x = Math.max(half, Math.min(width - half, place.x));
      halo(context, words, x, y, colours);
      context.fillStyle = colour;
      context.fillText(words, x, y);
    };
    if (kind === 'you') line(text.swarm.you, below, '600 12px', ink);
    else if (room === 'names') {
      line(node.name, below, '600 12px', ink);
      line(shortId(id), below + 15, '11px', differs ? colours.bad : colours.soft);
    } else line(shortId(id), below, '12px', ink);
  }
  context.globalAlpha = 1;
}

function drawStar(context: CanvasRenderingContext2D, { x, y }: Point, colours: SwarmColours): void {
  context.beginPath();
  for (let point = 0; point < 10; point++) {
    const angle = (Math.PI * point) / 5 - Math.PI / 2;
    const radius = point % 2 === 0 ? 8 : 3.6;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = colours.surface;
  context.stroke();
  context.fillStyle = colours.violet;
  context.fill();
}

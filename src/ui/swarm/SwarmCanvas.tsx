import { useEffect, useRef } from 'react';
import { drawSwarm, type SwarmColours } from './draw-swarm.ts';
import { ForceLayout } from './force-layout.ts';
import { SwarmScene } from './scene.ts';
import type { SwarmGraph } from './swarm-graph.ts';

/** Longest step of an animation, ms: a tab that was away does not jump. */
const longestStepMs = 50;
/** What moves slowly needs no more than thirty pictures a second. */
const shortestStepMs = 30;

function coloursOf(element: Element): SwarmColours {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: token('ink'),
    soft: token('ink-soft'),
    rule: token('rule'),
    surface: token('surface'),
    accent: token('accent'),
    violet: token('violet'),
    bad: token('bad'),
    font: token('sans'),
    dotLight: token('dot-light'),
  };
}

/** One picture on one canvas, which draws only while something on it moves. */
class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #scene: SwarmScene;
  readonly #motion = matchMedia('(prefers-reduced-motion: reduce)');
  readonly #theme = matchMedia('(prefers-color-scheme: dark)');
  readonly #resized: ResizeObserver;
  readonly #seen: IntersectionObserver;
  #colours: SwarmColours;
  #frame: number | undefined;
  #lastMs: number | undefined;
  #isSeen = true;
  #lookedMs: number | undefined;
  #size = { width: 0, height: 0 };

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#scene = new SwarmScene(new ForceLayout(), this.#motion.matches);
    this.#colours = coloursOf(canvas);
    this.#resized = new ResizeObserver(() => {
      this.#measure();
    });
    this.#resized.observe(canvas);
    this.#seen = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? true;
      this.#move();
    });
    this.#seen.observe(canvas);
    this.#motion.addEventListener('change', this.#calmed);
    this.#theme.addEventListener('change', this.#recoloured);
  }

  show(graph: SwarmGraph): void {
    const nowMs = performance.now();
    this.#scene.update(graph, this.#lookedMs === undefined ? undefined : nowMs - this.#lookedMs);
    this.#lookedMs = nowMs;
    this.#move();
  }

  close(): void {
    this.#resized.disconnect();
    this.#seen.disconnect();
    this.#motion.removeEventListener('change', this.#calmed);
    this.#theme.removeEventListener('change', this.#recoloured);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  readonly #calmed = (): void => {
    this.#scene.setStill(this.#motion.matches);
    this.#move();
  };

  readonly #recoloured = (): void => {
    this.#colours = coloursOf(this.#canvas);
    this.#move();
  };

  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#size = { width, height };
    const dense = devicePixelRatio;
    this.#canvas.width = Math.round(width * dense);
    this.#canvas.height = Math.round(height * dense);
    // Setting its size has wiped it, so what is on it is drawn before the next frame.
    this.#draw();
  }

  /** Nothing moves where nobody sees it. */
  #move(): void {
    if (!this.#isSeen) return;
    this.#frame ??= requestAnimationFrame((nowMs) => {
      this.#frame = undefined;
      if (nowMs - (this.#lastMs ?? -Infinity) < shortestStepMs) {
        this.#move();
        return;
      }
      const sinceMs = Math.min(longestStepMs, nowMs - (this.#lastMs ?? nowMs));
      this.#lastMs = nowMs;
      const moves = this.#scene.advance(sinceMs);
      this.#draw();
      if (moves) this.#move();
      else this.#lastMs = undefined;
    });
  }

  #draw(): void {
    const context = this.#canvas.getContext('2d');
    if (context === null || this.#size.width === 0) return;
    const dense = this.#canvas.width / this.#size.width;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    drawSwarm(context, this.#scene, this.#colours, this.#size);
  }
}

/** The swarm as a living picture. `label` says it in words. */
export default function SwarmCanvas(props: { readonly graph: SwarmGraph; readonly label: string }) {
  const { graph, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter>(undefined);

  useEffect(() => {
    if (canvas.current === null) return;
    const made = new Painter(canvas.current);
    painter.current = made;
    return () => {
      made.close();
      painter.current = undefined;
    };
  }, []);

  useEffect(() => {
    painter.current?.show(graph);
  }, [graph]);

  return (
    <canvas ref={canvas} className="swarm-canvas" role="img" aria-label={label} data-testid="swarm-picture" />
  );
}

import {
  Component,
  lazy,
  Suspense,
  type ComponentType,
  type LazyExoticComponent,
  type ReactNode,
} from 'react';
import { describeError } from '../../base/errors.ts';
import { text } from '../text.ts';

interface Props {
  /** Said in place of what does not load: what that is. */
  readonly message: string;
  /** Before it is tried again. Undefined: that would change nothing, and is not offered. */
  readonly again?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** A part of the page whose code does not load, as after an update of the page, leaves the rest as it is. */
export class LoadGuard extends Component<Props, { readonly why: string | undefined }> {
  override state: { readonly why: string | undefined } = { why: undefined };

  static getDerivedStateFromError(thrown: unknown): { readonly why: string } {
    return { why: describeError(thrown) };
  }

  override render(): ReactNode {
    const { message, again, children } = this.props;
    const { why } = this.state;
    if (why === undefined) return children;
    return (
      <div className="not-loaded" role="alert" data-testid="not-loaded">
        <p className="empty">{message}</p>
        <p className="note">{why}</p>
        {again !== undefined && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              again();
              this.setState({ why: undefined });
            }}
          >
            {text.page.again}
          </button>
        )}
      </div>
    );
  }
}

type Part<P extends object> = LazyExoticComponent<ComponentType<P>>;

/** A part of the page whose code is loaded when it is first shown, and is asked for again where it did not come. */
export class Later<P extends object> {
  readonly #load: () => Promise<ComponentType<P>>;
  #part: Part<P>;

  constructor(load: () => Promise<ComponentType<P>>) {
    this.#load = load;
    this.#part = this.#new();
  }

  get part(): Part<P> {
    return this.#part;
  }

  readonly again = (): void => {
    this.#part = this.#new();
  };

  #new(): Part<P> {
    return lazy(async () => ({ default: await this.#load() }));
  }
}

/** Shows such a part; in place of one that does not come, says so. */
export function Loaded<P extends object>(props: {
  readonly later: Later<P>;
  readonly message: string;
  /** Until it is there. */
  readonly fallback: ReactNode;
  readonly children: (part: Part<P>) => ReactNode;
}) {
  const { later, message, fallback, children } = props;
  return (
    <LoadGuard message={message} again={later.again}>
      <Suspense fallback={fallback}>
        <Now later={later} show={children} />
      </Suspense>
    </LoadGuard>
  );
}

/** Asks for the part when it is drawn: that is another one after a failure. */
function Now<P extends object>(props: {
  readonly later: Later<P>;
  readonly show: (part: Part<P>) => ReactNode;
}) {
  return props.show(props.later.part);
}

import { useEffect, useState, type RefObject } from 'react';

export interface FullScreen {
  readonly isOn: boolean;
  readonly toggle: () => void;
}

/** An element over the whole screen; over the whole window where a browser (as on an iPhone) has no full screen for it. */
export function useFullScreen(element: RefObject<HTMLElement | null>): FullScreen {
  const [isOn, setOn] = useState(false);

  useEffect(() => {
    const changed = (): void => {
      setOn(element.current !== null && document.fullscreenElement === element.current);
    };
    document.addEventListener('fullscreenchange', changed);
    return () => {
      document.removeEventListener('fullscreenchange', changed);
    };
  }, [element]);

  useEffect(() => {
    if (!isOn) return;
    const leave = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') setOn(false);
    };
    addEventListener('keydown', leave);
    return () => {
      removeEventListener('keydown', leave);
    };
  }, [isOn]);

  const toggle = (): void => {
    if (isOn) {
      if (document.fullscreenElement !== null) void document.exitFullscreen();
      setOn(false);
    } else if (element.current !== null && document.fullscreenEnabled) {
      element.current.requestFullscreen().catch(() => {
        setOn(true);
      });
    } else {
      setOn(true);
    }
  };
  return { isOn, toggle };
}

/** What of an address can be handed on. */
export interface ShareLinks {
  /** The run's name. */
  readonly room: string;
  /** The page of the run; undefined for a run by invitation, whose address alone opens nothing. */
  readonly page: string | undefined;
  /** The same for frames of other sites. */
  readonly embed: string | undefined;
  /** The page's address as one reads it aloud: no scheme. */
  readonly spoken: string | undefined;
}

/**
 * The addresses of the run that a page shows, from the page's own. Only the run's name goes along: whatever else is in it, such
 * as wishes for a new run or the key of an invitation, stays here.
 */
export function linksOf(href: string): ShareLinks {
  const here = new URL(href);
  const asked = here.searchParams.get('run') ?? '';
  const room = /^[\w-]{1,64}$/.test(asked) ? asked : 'main';
  // A key is in the part of an address that no server is sent.
  if (here.hash.length > 1) return { room, page: undefined, embed: undefined, spoken: undefined };
  const at = (path: string): URL => {
    const url = new URL(path, here.origin);
    if (room !== 'main') url.searchParams.set('run', room);
    return url;
  };
  const page = at('/').href;
  return {
    room,
    page,
    embed: at('/embed').href,
    spoken: page.replace(/^https?:\/\//, '').replace(/\/$/, ''),
  };
}

/** The address of a frame that connects without being asked to. */
export function liveEmbed(embed: string): string {
  const url = new URL(embed);
  url.searchParams.set('live', '1');
  return url.href;
}

/** HTML that shows the run in a frame. `title` names the frame for screen readers. */
export const embedCode = (embed: string, title: string): string =>
  `<iframe src="${escaped(embed)}" title="${escaped(title)}" width="380" height="260" loading="lazy"></iframe>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

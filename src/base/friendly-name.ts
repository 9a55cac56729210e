/**
 * Names for people: one that a volunteer's id gives, and one that its person chose. Neither is proof of anything, for anyone
 * can take any name: they are shown beside the id, never instead of it.
 */

/** Characters of a name at most, counted as code points. */
export const maxNameCharacters = 24;
/** Longer texts are not looked at: no name is that long, however it is written. */
const maxRawLength = 256;
/** Marks reach into the lines above where there are many, and into what stands before where they come first. */
const straying = /^\p{M}|\p{M}{3}/u;
/**
 * Controls, what turns the direction of writing, what is not seen, half characters and such as have no meaning yet. A space is
 * the only separator.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
/** Without one, it could not be said. */
const sayable = /[\p{L}\p{N}]/u;

const adjectives =
  'amber ample apt azure balmy bold brave breezy bright brisk calm candid cheery civil clear clever coral cosy crisp curious daring deft dewy eager early earnest easy fair fleet fond frank free fresh gentle glad golden good grand green handy happy hardy hearty honest humble ivory jaunty jolly jovial keen kind lilac lively loyal lucid lucky lunar mellow merry mild mindful misty modest neat nimble noble olive patient placid plucky polite proud quick quiet rapid ready rosy ruby rustic serene sharp shiny silver sincere snug solar spry steady still sunny sure swift tawny tender tidy trusty upbeat velvet vivid warm wise witty young zesty'.split(
    ' ',
  );
const nouns =
  'avocet badger bee beetle bittern bluebird brook bunting cedar chough clover comet condor coot cormorant crane cricket curlew dolphin dove dunlin eagle egret eider elm falcon fern finch firefly flamingo fox fulmar gannet garnet gecko grebe grouse gull hare harrier hawk hazel heron hoopoe ibis jackdaw jay kestrel kite kiwi lapwing lark linnet loon lynx magpie maple marlin martin meadow merlin moth newt nuthatch oak oriole osprey otter owl panda partridge pelican petrel pheasant pigeon pika pine pipit plover puffin quail raven redstart reed robin rook salmon sandpiper seal shrike siskin skua skylark snipe sparrow spruce starling stilt stork swallow swan tanager teal tern thistle thrush toucan turtle vole wagtail warbler waxwing whimbrel willow wombat wren'.split(
    ' ',
  );

/**
 * "Quiet Heron 27": the same for an id wherever it is shown. From digits behind those of the short id, so that the two together
 * are harder to imitate than either. There are about a million; two of one name are told apart by their ids. Any text may be given.
 */
export function friendlyName(id: string): string {
  const draw = (at: number): number => {
    const drawn = parseInt(id.slice(at, at + 8), 16);
    return Number.isNaN(drawn) ? 0 : drawn;
  };
  const word = (words: readonly string[], at: number): string => {
    const drawn = words[draw(at) % words.length] ?? '';
    return drawn.charAt(0).toUpperCase() + drawn.slice(1);
  };
  return `${word(adjectives, 8)} ${word(nouns, 16)} ${10 + (draw(24) % 90)}`;
}

/**
 * What a person typed, as the name it would be: in Unicode's composed form, single spaces, none at the ends. Undefined where
 * it is no name: empty, longer than 24 characters, or with something in it that cannot be printed.
 */
export function tidyName(typed: string): string | undefined {
  if (typed.length > maxRawLength) return undefined;
  // Tabs and line breaks are spaces to whoever pasted them.
  const name = typed.normalize('NFKC').replace(/\s+/gu, ' ').trim();
  const length = [...name].length;
  if (length < 1 || length > maxNameCharacters) return undefined;
  return unprintable.test(name) || straying.test(name) || !sayable.test(name) ? undefined : name;
}

/** The name that someone else says, or that was kept: only what `tidyName` would have made. Any value may be given. */
export const readName = (value: unknown): string | undefined =>
  typeof value === 'string' && tidyName(value) === value ? value : undefined;

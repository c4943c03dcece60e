// Reads a code aloud, letter by letter, so that it can be told over the telephone.

const WORDS: Readonly<Record<string, string>> = {
  A: 'Alfa', B: 'Bravo', C: 'Charlie', D: 'Delta', E: 'Echo', F: 'Foxtrot', G: 'Golf', H: 'Hotel', J: 'Juliett', K: 'Kilo',
  M: 'Mike', N: 'November', P: 'Papa', Q: 'Quebec', R: 'Romeo', S: 'Sierra', T: 'Tango', V: 'Victor', W: 'Whiskey',
  X: 'X-ray', Y: 'Yankee', Z: 'Zulu',
}

/** The groups of a code, each as words; digits stay digits. */
export function spelled(code: string): string[][] {
  return code.toUpperCase().split('-').map(group => [...group].map(sign => WORDS[sign] ?? sign))
}

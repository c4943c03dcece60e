// Where the photo of a message waits on this device until the cloud has it.

/** Beside the photos of jobs, which wait under their order alone. The message may have no number yet. */
export const messagePlace = (order: string, message: string) => `${order} ${message}`

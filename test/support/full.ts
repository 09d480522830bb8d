/** Whether the slow parts run too: `npm run test:full`. What is left out without it is named at the end of a run. */
export const full = process.env.SALLYPORT_TESTS === 'full'

package cmd

// ShortHelp is what batchfetch prints on a terminal without arguments.
const ShortHelp = shortHelp

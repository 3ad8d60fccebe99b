package fetch

// RunWith is runWith, for tests outside of the package.
var RunWith = runWith

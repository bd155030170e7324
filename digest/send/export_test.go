package send

// OffLetter is for its golden file.
var OffLetter = offLetter

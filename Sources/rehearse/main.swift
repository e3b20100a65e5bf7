import Rehearsal

#if canImport(Glibc)
    import Glibc
#endif

// rehearse             one rehearsal of a seed drawn now
// rehearse SEED        that one, told in words
// rehearse SEED --disk FILE           ... and keeps the hub's store as it was in the end
// rehearse --seeds N [--from SEED]    many, on all cores
let arguments = Array(CommandLine.arguments.dropFirst())
exit(RehearseCommand(arguments).run())

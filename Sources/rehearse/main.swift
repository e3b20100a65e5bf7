import CMalloc
import Rehearsal

#if canImport(Glibc)
    import Glibc
#endif

// rehearse             one rehearsal of a seed drawn now
// rehearse SEED        that one, told in words
// rehearse SEED --disk FILE           ... and keeps the hub's store as it was in the end
// rehearse --seeds N [--from SEED]    many, on all cores
// rehearse ... --mutation NAME        with that defect planted in the hub; with --seeds N until one seed fails
// rehearse --mutations                the names of the defects this build holds
// rehearse SEED --expect I5           succeeds when that invariant is found broken
// rehearse [SEED] --dead-vendor       how much one dead vendor of twenty delays the others
// rehearse ... --postgres URL         with the hubs' store on that server, in a schema of its own for each seed
// rehearse ... --dealt-out            with stalls alone, which compare, and stock that is dealt out to them

// What a rehearsal frees the next one needs: given back to the kernel in between, it costs a tenth of the time.
mallopt(M_TRIM_THRESHOLD, 256 << 20)
mallopt(M_MMAP_THRESHOLD, 32 << 20)
let arguments = Array(CommandLine.arguments.dropFirst())
exit(RehearseCommand(arguments).run())

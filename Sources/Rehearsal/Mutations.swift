#if Mutations
    import Commerce
#endif

/// The small defects of the hub that a build for testing the oracle holds, by name.
public enum Mutations {
    /// Their names; none in an ordinary build.
    public static var names: [String] {
        #if Mutations
            Mutation.allCases.map(\.rawValue)
        #else
            []
        #endif
    }

    /// Plants one in this process. False when this build holds none of that name.
    public static func plant(_ name: String) -> Bool {
        #if Mutations
            guard let mutation = Mutation(rawValue: name) else { return false }
            mutation.plant()
            return true
        #else
            return false
        #endif
    }

    /// Plants none.
    public static func unplant() {
        #if Mutations
            Mutation.unplant()
        #endif
    }
}

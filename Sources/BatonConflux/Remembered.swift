/// The last bytes that were read under a name and what they mean, so that the same bytes are understood once.
///
/// Files are read at every look, because only a look is a fact; most looks find what the one before found.
struct Remembered<Value> {
    private var bytes: [UInt8] = []
    private var value: Value?

    /// What the bytes mean, from memory when they are those of the last time.
    mutating func value<Failure: Error>(of read: [UInt8], _ understand: ([UInt8]) throws(Failure) -> Value) throws(Failure) -> Value {
        if let value, bytes == read { return value }
        let fresh = try understand(read)
        (bytes, value) = (read, fresh)
        return fresh
    }
}

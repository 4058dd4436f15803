public import BatonModel
import struct Crypto.SHA256

extension Digest {
    /// The SHA-256 digest of bytes.
    ///
    /// - Source: FIPS 180-4, by swift-crypto.
    public init(of bytes: [UInt8]) {
        self.init(Array(SHA256.hash(data: bytes)).hexText)
    }
}

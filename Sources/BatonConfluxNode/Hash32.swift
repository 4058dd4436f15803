import BatonModel

/// A 32-byte name of a block, a state or a ledger info, made by mixing and not by cryptography.
///
/// The devnet needs names that differ and repeat exactly, not names that nobody can forge.
package struct Hash32: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The four 64-bit words, most significant first.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    /// A name that depends on every one of the given numbers and on their order.
    package init(mixing numbers: UInt64...) {
        var state: UInt64 = 0x243F_6A88_85A3_08D3
        for number in numbers { state = Self.scramble(state &* 0x9E37_79B9_7F4A_7C15 &+ number) }
        words = (
            Self.scramble(state &+ 1), Self.scramble(state &+ 2), Self.scramble(state &+ 3), Self.scramble(state &+ 4)
        )
    }

    /// The name behind 64 hex digits, or `nil` when the text is none.
    package init?(hex: String) {
        guard let bytes = [UInt8](hexText: hex), bytes.count == 32 else { return nil }
        func word(_ index: Int) -> UInt64 {
            bytes[index * 8..<index * 8 + 8].reduce(UInt64(0)) { sum, byte in sum << 8 | UInt64(byte) }
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// 64 lower-case hex digits without `0x`.
    package var hex: String {
        var out: [UInt8] = []
        out.reserveCapacity(64)
        append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    package var description: String { hex }

    /// Writes the 64 hex digits behind `out`.
    package func append(to out: inout [UInt8]) {
        Self.append(words.0, to: &out)
        Self.append(words.1, to: &out)
        Self.append(words.2, to: &out)
        Self.append(words.3, to: &out)
    }

    private static func append(_ word: UInt64, to out: inout [UInt8]) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift &-= 4
            let digit = UInt8(truncatingIfNeeded: word &>> shift) & 15
            out.append(digit &+ (digit < 10 ? 48 : 87))
        }
    }

    /// A number that depends on a text, for mixing.
    package static func number(of text: String) -> UInt64 {
        text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { sum, byte in scramble((sum ^ UInt64(byte)) &* 0x100_0000_01B3) }
    }

    /// One round of splitmix64.
    ///
    /// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    package static func scramble(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package static func == (left: Self, right: Self) -> Bool { left.words == right.words }
    package static func < (left: Self, right: Self) -> Bool { left.words < right.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

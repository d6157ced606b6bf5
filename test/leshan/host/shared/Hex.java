final class Hex {
    private Hex() {}

    static String encode(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        if (bytes != null) for (byte one : bytes) text.append(String.format("%02x", one & 0xff));
        return text.toString();
    }

    static byte[] decode(String text) {
        if (text.length() % 2 != 0) throw new IllegalArgumentException("hex of odd length");
        byte[] bytes = new byte[text.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        return bytes;
    }
}

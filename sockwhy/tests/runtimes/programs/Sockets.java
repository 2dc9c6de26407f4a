import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * {@code listen ADDRESS|any}, {@code late} (which sets the property once the network has been used),
 * {@code early} (before), {@code connect ADDRESS PORT}: says "ready", and ends with its standard input.
 */
public class Sockets {
    private static final int PORT = 8080;
    private static final String PROPERTY = "java.net.preferIPv4Stack";

    public static void main(String[] arguments) throws Exception {
        AutoCloseable socket = switch (arguments[0]) {
            case "listen" -> arguments[1].equals("any")
                ? new ServerSocket(PORT)
                : new ServerSocket(PORT, 50, InetAddress.getByName(arguments[1]));
            case "late" -> {
                new ServerSocket(0).close();
                System.setProperty(PROPERTY, "true");
                yield new ServerSocket(PORT);
            }
            case "early" -> {
                System.setProperty(PROPERTY, "true");
                yield new ServerSocket(PORT);
            }
            case "connect" -> new Socket(arguments[1], Integer.parseInt(arguments[2]));
            default -> throw new IllegalArgumentException(arguments[0]);
        };
        System.out.println("ready");
        while (System.in.read() >= 0) {
        }
        socket.close();
    }
}

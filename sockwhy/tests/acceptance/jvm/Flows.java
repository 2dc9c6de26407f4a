import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * {@code PORT}: a server as Java programs are. It accepts on that port (0 for any) in a thread with a name, and connects in
 * another for each line of its standard input, {@code ADDRESS PORT}. It prints the port that it listens on, then the port
 * of each client and its own port of each connection that it makes.
 */
public class Flows {
    /** Open until the program ends. */
    private static final List<Socket> SOCKETS = Collections.synchronizedList(new ArrayList<>());

    public static void main(String[] arguments) throws Exception {
        ServerSocket listener = new ServerSocket(Integer.parseInt(arguments[0]));
        Thread acceptor = new Thread(() -> accept(listener), "http-nio-8080-Acceptor");
        acceptor.setDaemon(true);
        acceptor.start();
        System.out.println(listener.getLocalPort());
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] to = line.split(" ");
            Thread client = new Thread(() -> connect(to[0], Integer.parseInt(to[1])), "http-client-of-the-test");
            client.start();
            client.join();
        }
    }

    private static void accept(ServerSocket listener) {
        try {
            while (true) {
                Socket accepted = listener.accept();
                SOCKETS.add(accepted);
                System.out.println(accepted.getPort());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void connect(String address, int port) {
        try {
            Socket connected = new Socket(address, port);
            SOCKETS.add(connected);
            System.out.println(connected.getLocalPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
